package dev.perennial.learn.replay;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.FailureException;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.tensor.TensorData;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class StoredExamplesTest {

  @Test
  void examples_texts_areTheSame() {
    List<Example> texts = List.of(Example.of("é, a text", "one"), Example.of("", "two"), Example.of("another", "one"));
    assertEquals(texts, StoredExamples.examples(StoredExamples.tensors(texts)));
    assertEquals(10 + 3 + 3 + 7 + 3, StoredExamples.bytes(texts));
  }

  @Test
  void examples_none_areNone() {
    assertEquals(List.of(), StoredExamples.examples(StoredExamples.tensors(List.of())));
  }

  @Test
  void examples_images_areTheSame() {
    List<Example> images = List.of(image("one", 1, 2, 3, 4, 5, 6), image("two", 250, 0, 7, 8, 9, 10));
    List<Example> restored = StoredExamples.examples(StoredExamples.tensors(images));
    assertEquals(2, restored.size());
    for (int i = 0; i < 2; i++) {
      Input.Image before = (Input.Image) images.get(i).input();
      Input.Image after = (Input.Image) restored.get(i).input();
      assertEquals(images.get(i).label(), restored.get(i).label());
      assertEquals(List.of(1, 2, 3), List.of(after.channels(), after.height(), after.width()));
      assertArrayEquals(before.samples(), after.samples());
    }
    assertEquals(18, StoredExamples.bytes(images));
  }

  private static Example image(String label, int... samples) {
    byte[] bytes = new byte[samples.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) samples[i];
    }
    return new Example(new Input.Image(1, 2, 3, bytes), label, null, null);
  }

  @Test
  void examples_fewerTextsOrImagesThanLabels_areRefused() {
    var texts = new HashMap<String, TensorData>(StoredExamples.tensors(List.of(Example.of("a", "one"))));
    StoredExamples.tensors(List.of()).forEach((name, tensor) -> {
      if (name.startsWith("text.")) {
        texts.put(name, tensor);
      }
    });
    assertThrows(FailureException.class, () -> StoredExamples.examples(texts));
    var images = new HashMap<String, TensorData>(
        StoredExamples.tensors(List.of(image("one", 1, 2, 3, 4, 5, 6), image("two", 1, 2, 3, 4, 5, 6))));
    Map<String, TensorData> one = StoredExamples.tensors(List.of(image("one", 1, 2, 3, 4, 5, 6)));
    one.forEach((name, tensor) -> {
      if (name.equals("samples")) {
        images.put(name, tensor);
      }
    });
    assertThrows(FailureException.class, () -> StoredExamples.examples(images));
  }

  @Test
  void logits_ofDifferentLengths_areTheSame() {
    var samples = List.of(
        new Sample(Example.of("a", "x"), new float[] {1, 2}), new Sample(Example.of("b", "x"), new float[] {}),
        new Sample(Example.of("c", "y"), new float[] {3, 4, 5}));
    List<float[]> restored = StoredExamples.logits(StoredExamples.logits(samples), 3);
    for (int i = 0; i < 3; i++) {
      assertArrayEquals(samples.get(i).logits(), restored.get(i));
    }
    assertEquals(0, StoredExamples.logits(StoredExamples.logits(samples.subList(1, 2)), 1).getFirst().length);
    Map<String, TensorData> ofThree = StoredExamples.logits(samples);
    assertThrows(FailureException.class, () -> StoredExamples.logits(ofThree, 2));
  }
}
