package dev.perennial.learn.growth;

import dev.perennial.learn.Optimiser;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.util.HashMap;
import java.util.Map;

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
