package dev.perennial.learn;

import dev.perennial.tensor.TensorData;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** Changes parameters by their gradients, all as one flat vector. */
public sealed interface Optimiser extends AutoCloseable permits AdamW, Sgd {

  /** Changes {@code values} in place. */
  void step(Tensor values, Tensor gradient, double rate);

  /** Forgets the past of every parameter where {@code kept}, laid out like the parameters, is 0 and not 1. */
  void renew(Tensor kept);

  /** Steps taken so far. */
  long steps();

  /** Views of what it keeps, by name. */
  Map<String, TensorData> state();

  @Override
  void close();
}
