package dev.perennial.learn.replay;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.perennial.FailureException;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Classes;
import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.TensorData;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Examples as the bytes of a learner's state. */
public final class StoredExamples {

  private StoredExamples() {}

  /** Bytes that the inputs and labels take. */
  public static long bytes(List<Example> examples) {
    long bytes = 0;
    for (Example example : examples) {
      bytes += example.label().getBytes(UTF_8).length;
      bytes += switch (example.input()) {
        case Input.Text(String text) -> text.getBytes(UTF_8).length;
        case Input.Image(int channels, int height, int width, byte[] samples) -> samples.length;
        case Input.Latent latent -> latent.bytes();
      };
    }
    return bytes;
  }

  /** Texts or images with their labels, as tensors. All of them are of one kind; images are of one shape. */
  public static Map<String, TensorData> tensors(List<Example> examples) {
    var tensors = new HashMap<String, TensorData>();
    Classes.textTensors(examples.stream().map(Example::label).toList())
        .forEach((name, tensor) -> tensors.put("label." + name, tensor));
    if (!examples.isEmpty() && examples.getFirst().input() instanceof Input.Image shape) {
      byte[] samples = new byte[examples.size() * shape.samples().length];
      for (int i = 0; i < examples.size(); i++) {
        byte[] source = ((Input.Image) examples.get(i).input()).samples();
        System.arraycopy(source, 0, samples, i * source.length, source.length);
      }
      tensors.put("samples", TensorData.ofBytes(
          Dtype.U8, samples, examples.size(), shape.channels(), shape.height(), shape.width()));
    } else {
      Classes.textTensors(examples.stream().map(example -> ((Input.Text) example.input()).value()).toList())
          .forEach((name, tensor) -> tensors.put("text." + name, tensor));
    }
    return tensors;
  }

  /** The examples that {@link #tensors} was given. */
  public static List<Example> examples(Map<String, TensorData> tensors) {
    List<String> labels = Classes.texts(part(tensors, "label."));
    var examples = new ArrayList<Example>();
    TensorData samples = tensors.get("samples");
    if (samples == null) {
      List<String> texts = Classes.texts(part(tensors, "text."));
      if (texts.size() != labels.size()) {
        throw new FailureException("expected a text for each of " + labels.size() + " labels in a memory, found "
            + texts.size());
      }
      for (int i = 0; i < labels.size(); i++) {
        examples.add(Example.of(texts.get(i), labels.get(i)));
      }
      return examples;
    }
    List<Long> shape = samples.shape();
    if (shape.size() != 4 || shape.getFirst() != labels.size()) {
      throw new FailureException("expected an image for each of " + labels.size() + " labels in a memory, found "
          + samples);
    }
    long size = shape.get(1) * shape.get(2) * shape.get(3);
    for (int i = 0; i < labels.size(); i++) {
      byte[] image = samples.data().asSlice(i * size, size).toArray(ValueLayout.JAVA_BYTE);
      var input = new Input.Image(shape.get(1).intValue(), shape.get(2).intValue(), shape.get(3).intValue(), image);
      examples.add(new Example(input, labels.get(i), null, null));
    }
    return examples;
  }

  /** Logits of samples, as many as each has: all of them one after another, and the offset at which each sample's end. */
  static Map<String, TensorData> logits(List<Sample> samples) {
    long[] ends = new long[samples.size()];
    int total = 0;
    for (int i = 0; i < ends.length; i++) {
      total += samples.get(i).logits().length;
      ends[i] = total;
    }
    if (total == 0) {
      return Map.of();
    }
    float[] all = new float[total];
    for (int i = 0; i < ends.length; i++) {
      float[] own = samples.get(i).logits();
      System.arraycopy(own, 0, all, (int) ends[i] - own.length, own.length);
    }
    return Map.of("values", TensorData.of(all, total), "ends", TensorData.of(ends, ends.length));
  }

  /** The logits that {@link #logits(List)} was given for so many samples. */
  static List<float[]> logits(Map<String, TensorData> tensors, int samples) {
    TensorData values = tensors.get("values");
    TensorData ends = tensors.get("ends");
    if (values == null || ends == null) {
      return Collections.nCopies(samples, new float[0]);
    }
    float[] all = values.floats();
    var logits = new ArrayList<float[]>();
    int start = 0;
    for (long end : ends.longs()) {
      if (end < start || end > all.length) {
        throw new FailureException("expected logits within " + all.length + " numbers in a memory, found some from "
            + start + " to " + end);
      }
      logits.add(Arrays.copyOfRange(all, start, (int) end));
      start = (int) end;
    }
    if (logits.size() != samples) {
      throw new FailureException("expected logits of each of " + samples + " examples in a memory, found "
          + logits.size());
    }
    return logits;
  }

  /** The tensors whose names begin with {@code prefix}, without it. */
  public static Map<String, TensorData> part(Map<String, TensorData> tensors, String prefix) {
    var part = new HashMap<String, TensorData>();
    tensors.forEach((name, tensor) -> {
      if (name.startsWith(prefix)) {
        part.put(name.substring(prefix.length()), tensor);
      }
    });
    return part;
  }
}
