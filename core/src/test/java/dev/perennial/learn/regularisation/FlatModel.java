package dev.perennial.learn.regularisation;

import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Classes;
import dev.perennial.learn.Objective;
import dev.perennial.tensor.Parameters;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** Parameters and nothing else: what the tests of penalties on weights learn. */
final class FlatModel implements Objective.Model, AutoCloseable {

  private final Parameters parameters = new Parameters();

  FlatModel(float... values) {
    parameters.add("values", values, values.length);
  }

  @Override
  public Classes classes() {
    return new Classes();
  }

  @Override
  public Parameters parameters() {
    return parameters;
  }

  @Override
  public Tensor logits(List<Example> examples) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Tensor features(List<? extends Input> inputs) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Tensor logitsOf(Tensor features) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Tensor taskGradient(List<Example> batch) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Tensor gradient(List<Example> batch, Objective.Loss loss) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {
    parameters.close();
  }
}
