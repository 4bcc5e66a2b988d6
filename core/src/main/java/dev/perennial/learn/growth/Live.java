package dev.perennial.learn.growth;

import dev.perennial.learn.Optimiser;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/*
 * A brick learns under a cosine head that is thrown away:
 *   logits_c = cos(p, w_c) / temperature
 * w_c is trained for the experience's classes, which begin at their means, and is the mean of the frozen features for all
 * others, so that a brick pushes nothing onto them.
 */
/**
 * The brick that learns, with all that is trained beside it.
 *
 * @param brick its number
 * @param classes the numbers of the classes of the experience, each with a row of the head
 * @param parameters A and B at every site, what the technique adds, and the head's rows
 */
record Live(int brick, long[] classes, Parameters parameters, Optimiser optimiser) implements AutoCloseable {

  static final String HEAD = "head.weight";
  private static final String VALUES = "value/";
  private static final double TEMPERATURE = 0.1;

  /**
   * The cross-entropy of rows, summed over them.
   *
   * @param features {@code [positions, width]}
   * @param tensors the parameters, by name
   * @param labels of all rows of the batch
   * @param positions which of those rows these are
   * @param means {@code [known classes, width]}, of length 1
   */
  Tensor loss(Tensor features, Map<String, Tensor> tensors, long[] labels, long[] positions, Tensor means) {
    Tensor trained = Objects.requireNonNull(tensors.get(HEAD), HEAD);
    // Trained rows first, then those of the other classes.
    long[] rest = LongStream.range(0, means.size(0)).filter(label -> place(label) < 0).toArray();
    Tensor all = rest.length == 0 ? torch.normalize(trained)
        : Tensors.concat(0, torch.normalize(trained), Tensors.rows(means, rest));
    long[] targets = new long[positions.length];
    for (int i = 0; i < targets.length; i++) {
      targets[i] = place(labels[(int) positions[i]]);
    }
    Tensor logits = torch.mm(torch.normalize(features), all.t()).div(new Scalar(TEMPERATURE));
    return torch.cross_entropy_loss(logits, Tensors.longs(targets, targets.length), new TensorOptional(), 2, -100, 0);
  }

  private int place(long label) {
    for (int i = 0; i < classes.length; i++) {
      if (classes[i] == label) {
        return i;
      }
    }
    return -1;
  }

  Map<String, TensorData> state() {
    var tensors = new HashMap<String, TensorData>(optimiser.state());
    parameters.state().forEach((name, data) -> tensors.put(VALUES + name, data));
    tensors.put("classes", TensorData.of(classes, classes.length));
    tensors.put("counters", TensorData.of(new long[] {brick, optimiser.steps()}, 2));
    return tensors;
  }

  /** The values of the parameters in a state. */
  static Map<String, TensorData> values(StatePart part) {
    var values = new HashMap<String, TensorData>();
    part.tensors().forEach((name, data) -> {
      if (name.startsWith(VALUES)) {
        values.put(name.substring(VALUES.length()), data);
      }
    });
    return values;
  }

  @Override
  public void close() {
    optimiser.close();
    parameters.close();
  }
}
