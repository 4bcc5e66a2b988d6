package dev.perennial.learn.regularisation;

import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** What a former model made of the rows of the experience that is being learned: all that is kept of that model. */
final class Teacher {

  private final Map<Input, Integer> rowOf = new HashMap<>();
  private float[][] answers = new float[0][];
  private int width;

  /** Learns which rows will be asked about. The same input twice has the same answer: either row will do. */
  void begin(Experience experience) {
    rowOf.clear();
    List<Example> rows = experience.train();
    for (int i = 0; i < rows.size(); i++) {
      rowOf.put(rows.get(i).input(), i);
    }
  }

  /** Takes the answers to the experience's rows, {@code [rows, width]}. */
  void answer(Tensor all) {
    answer(Tensors.toFloats(all), (int) all.size(1));
  }

  private void answer(float[] all, int columns) {
    width = columns;
    answers = new float[width == 0 ? 0 : all.length / width][];
    for (int i = 0; i < answers.length; i++) {
      answers[i] = Arrays.copyOfRange(all, i * width, (i + 1) * width);
    }
  }

  /** Whether it has answers. */
  boolean hasAnswered() {
    return answers.length > 0;
  }

  /** The answers to some of the rows, {@code [rows, width]}. */
  Tensor of(List<Example> rows) {
    float[] chosen = new float[rows.size() * width];
    for (int i = 0; i < rows.size(); i++) {
      Integer row = rowOf.get(rows.get(i).input());
      if (row == null) {
        throw new IllegalStateException("the teacher has answered every row of the experience, and no other");
      }
      System.arraycopy(answers[row], 0, chosen, i * width, width);
    }
    return Tensors.floats(chosen, rows.size(), width);
  }

  /** Drops the answers. */
  void dismiss() {
    answers = new float[0][];
    width = 0;
  }

  /** The answers, {@code [rows, width]}. */
  TensorData state() {
    float[] all = new float[answers.length * width];
    for (int i = 0; i < answers.length; i++) {
      System.arraycopy(answers[i], 0, all, i * width, width);
    }
    return TensorData.of(all, answers.length, width);
  }

  /** Takes over what {@link #state} gave. */
  void restore(TensorData state) {
    answer(state.floats(), state.shape().getLast().intValue());
  }

  /** Bytes of the answers. */
  long bytes() {
    return (long) answers.length * width * Float.BYTES;
  }
}
