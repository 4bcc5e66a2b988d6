package dev.perennial.learn;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.perennial.FailureException;
import dev.perennial.data.Example;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The classes that a learner knows, numbered in the order in which they came. */
public final class Classes {

  private static final String PART = "classes";

  private final List<String> names = new ArrayList<>();
  private final Map<String, Integer> indices = new HashMap<>();

  /** Adds those that are not known yet, and returns how many there were. */
  public int add(Collection<String> classes) {
    int before = names.size();
    for (String name : classes) {
      if (indices.putIfAbsent(name, names.size()) == null) {
        names.add(name);
      }
    }
    return names.size() - before;
  }

  /** How many are known. */
  public int size() {
    return names.size();
  }

  /** The names by number. */
  public List<String> names() {
    return List.copyOf(names);
  }

  /** The number of a class that is known. */
  public int indexOf(String name) {
    Integer index = indices.get(name);
    if (index == null) {
      throw new IllegalArgumentException("the class " + name + " was never learned");
    }
    return index;
  }

  /** The numbers of the labels of {@code examples}. */
  public long[] indicesOf(List<Example> examples) {
    return examples.stream().mapToLong(example -> indexOf(example.label())).toArray();
  }

  /** The names as a part of a learner's state: their UTF-8 bytes, and where each ends. */
  public StatePart state() {
    return StatePart.of(PART, Combine.LATEST, textTensors(names));
  }

  /** Takes over what {@link #state} gave. */
  public void restore(Map<String, StatePart> state) {
    add(texts(LearnerState.part(state, PART).tensors()));
  }

  /** Texts as tensors: the UTF-8 bytes one after another, and the offset at which each text ends. */
  public static Map<String, TensorData> textTensors(List<String> texts) {
    var bytes = new ByteArrayOutputStream();
    long[] ends = new long[texts.size()];
    for (int i = 0; i < ends.length; i++) {
      bytes.writeBytes(texts.get(i).getBytes(UTF_8));
      ends[i] = bytes.size();
    }
    return Map.of(
        "utf8", TensorData.ofBytes(Dtype.U8, bytes.toByteArray(), bytes.size()), "ends", TensorData.of(ends, ends.length));
  }

  /**
   * The texts that {@link #textTensors} made tensors of.
   *
   * @throws FailureException if the tensors are no texts
   */
  public static List<String> texts(Map<String, TensorData> tensors) {
    TensorData utf8 = tensors.get("utf8");
    TensorData ends = tensors.get("ends");
    if (utf8 == null || ends == null) {
      throw new FailureException("expected texts as the tensors utf8 and ends in a learner's state, found "
          + tensors.keySet());
    }
    byte[] bytes = utf8.data().toArray(ValueLayout.JAVA_BYTE);
    var texts = new ArrayList<String>();
    int start = 0;
    for (long end : ends.longs()) {
      if (end < start || end > bytes.length) {
        throw new FailureException("expected texts within " + bytes.length + " bytes in a learner's state, found one from "
            + start + " to " + end);
      }
      texts.add(new String(bytes, start, (int) end - start, UTF_8));
      start = (int) end;
    }
    return texts;
  }
}
