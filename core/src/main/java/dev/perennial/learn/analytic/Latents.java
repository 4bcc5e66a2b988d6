package dev.perennial.learn.analytic;

import dev.perennial.FailureException;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Classes;
import dev.perennial.learn.LearnerState;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Rows as states at the entrance of a block, with their labels, in the order in which they came. */
final class Latents {

  private static final String LABEL = "label.";

  private final int block;
  private final int width;
  /** Rows that came together are a part of the state together, which a store does not write again. */
  private final List<List<Example>> pieces = new ArrayList<>();

  Latents(int block, int width) {
    this.block = block;
    this.width = width;
  }

  /** Bytes of so many tokens. */
  long bytes(long tokens) {
    return tokens * (width + Float.BYTES);
  }

  /** Bytes of all of them. */
  long bytes() {
    return pieces.stream().flatMap(List::stream).mapToLong(row -> latent(row).bytes()).sum();
  }

  int size() {
    return pieces.stream().mapToInt(List::size).sum();
  }

  /** @param states of the rows, {@code tokens * width} numbers each */
  void add(List<Example> rows, float[][] states) {
    var piece = new ArrayList<Example>();
    for (int i = 0; i < states.length; i++) {
      piece.add(new Example(Input.Latent.of(block, width, states[i]), rows.get(i).label(), null, null));
    }
    pieces.add(piece);
  }

  List<Example> rows() {
    return pieces.stream().flatMap(List::stream).toList();
  }

  void clear() {
    pieces.clear();
  }

  private static Input.Latent latent(Example row) {
    return (Input.Latent) row.input();
  }

  /** A part for each piece, which holds {@code values [tokens, width]}, {@code scales}, {@code ends} of rows, and labels. */
  List<StatePart> state(String prefix) {
    var parts = new ArrayList<StatePart>();
    for (List<Example> piece : pieces) {
      parts.add(StatePart.of(prefix + parts.size(), Combine.LATEST, tensors(piece)));
    }
    return parts;
  }

  private Map<String, TensorData> tensors(List<Example> piece) {
    long[] ends = new long[piece.size()];
    int tokens = 0;
    for (int i = 0; i < ends.length; i++) {
      tokens += latent(piece.get(i)).tokens();
      ends[i] = tokens;
    }
    byte[] values = new byte[tokens * width];
    float[] scales = new float[tokens];
    for (int i = 0; i < ends.length; i++) {
      Input.Latent row = latent(piece.get(i));
      int start = (int) ends[i] - row.tokens();
      System.arraycopy(row.values(), 0, values, start * width, row.values().length);
      System.arraycopy(row.scales(), 0, scales, start, row.tokens());
    }
    var tensors = new HashMap<String, TensorData>();
    Classes.textTensors(piece.stream().map(Example::label).toList())
        .forEach((name, tensor) -> tensors.put(LABEL + name, tensor));
    tensors.put("values", TensorData.ofBytes(Dtype.U8, values, tokens, width));
    tensors.put("scales", TensorData.of(scales, tokens));
    tensors.put("ends", TensorData.of(ends, ends.length));
    return tensors;
  }

  /** Takes over the parts that {@link #state} gave, by their names without the prefix. */
  void restore(Map<String, StatePart> parts) {
    pieces.clear();
    for (int piece = 0; parts.containsKey(Integer.toString(piece)); piece++) {
      pieces.add(piece(LearnerState.part(parts, Integer.toString(piece))));
    }
  }

  private List<Example> piece(StatePart part) {
    long[] ends = part.tensor("ends").longs();
    float[] scales = part.tensor("scales").floats();
    TensorData values = part.tensor("values");
    var labelTensors = new HashMap<String, TensorData>();
    part.tensors().forEach((name, tensor) -> {
      if (name.startsWith(LABEL)) {
        labelTensors.put(name.substring(LABEL.length()), tensor);
      }
    });
    List<String> labels = Classes.texts(labelTensors);
    if (labels.size() != ends.length || !values.shape().equals(List.of((long) scales.length, (long) width))) {
      throw new FailureException("expected labels, scales and values of " + ends.length + " rows in the latents of a state,"
          + " found " + labels.size() + " labels and " + values + ": the state is damaged");
    }
    byte[] all = values.data().toArray(ValueLayout.JAVA_BYTE);
    var piece = new ArrayList<Example>();
    int start = 0;
    for (int i = 0; i < ends.length; i++) {
      if (ends[i] <= start || ends[i] > scales.length) {
        throw new FailureException("expected the tokens of row " + i + " of the latents of a state after " + start
            + " and up to " + scales.length + ", found " + ends[i] + ": the state is damaged");
      }
      int end = (int) ends[i];
      piece.add(new Example(new Input.Latent(block, width, Arrays.copyOfRange(all, start * width, end * width),
          Arrays.copyOfRange(scales, start, end)), labels.get(i), null, null));
      start = end;
    }
    return piece;
  }
}
