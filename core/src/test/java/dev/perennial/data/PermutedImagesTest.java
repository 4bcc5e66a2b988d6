package dev.perennial.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.UsageException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class PermutedImagesTest {

  private static final int SAMPLES = 12;

  private static Example image(int first, String label) {
    byte[] samples = new byte[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
      samples[i] = (byte) (first + i);
    }
    return new Example(new Input.Image(1, 3, 4, samples), label, null, null);
  }

  private static final Dataset IMAGES = new Dataset("images", List.of(image(0, "a"), image(100, "b")), List.of(),
      List.of(image(50, "a")), Dataset.BadRows.none(3));

  private static byte[] samples(Example row) {
    return ((Input.Image) row.input()).samples();
  }

  @Test
  void of_images_movesTheSamplesOfAllRowsOfATaskAlike() {
    Dataset permuted = PermutedImages.of(IMAGES, 3, 7);
    assertEquals(6, permuted.train().size());
    assertEquals(3, permuted.test().size());
    var orders = new ArrayList<String>();
    for (int task = 0; task < 3; task++) {
      Example first = permuted.train().get(2 * task);
      Example second = permuted.train().get(2 * task + 1);
      Example test = permuted.test().get(task);
      assertEquals(List.of("a", "b", "a"), List.of(first.label(), second.label(), test.label()));
      assertEquals("permutation " + (task + 1), first.task());
      assertEquals(first.task(), test.task());
      for (int i = 0; i < SAMPLES; i++) {
        assertEquals(samples(first)[i] + 100, Byte.toUnsignedInt(samples(second)[i]));
        assertEquals(samples(first)[i] + 50, samples(test)[i]);
      }
      byte[] sorted = samples(first).clone();
      Arrays.sort(sorted);
      assertArrayEquals(samples(image(0, "a")), sorted, "no sample is lost or doubled");
      orders.add(Arrays.toString(samples(first)));
    }
    assertEquals(3, orders.stream().distinct().count(), orders::toString);
  }

  @Test
  void of_theSameSeed_isTheSameAndOfAnotherIsNot() {
    byte[] one = samples(PermutedImages.of(IMAGES, 1, 7).train().getFirst());
    assertArrayEquals(one, samples(PermutedImages.of(IMAGES, 2, 7).train().getFirst()));
    assertFalse(Arrays.equals(one, samples(PermutedImages.of(IMAGES, 1, 8).train().getFirst())));
  }

  @Test
  void of_texts_isRefused() {
    var texts = new Dataset("texts", List.of(Example.of("a text", "a")), List.of(), List.of(), Dataset.BadRows.none(1));
    assertThrows(UsageException.class, () -> PermutedImages.of(texts, 2, 7));
  }
}
