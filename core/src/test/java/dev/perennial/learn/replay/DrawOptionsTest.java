package dev.perennial.learn.replay;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.UsageException;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.tensor.CounterRandom;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class DrawOptionsTest {

  private static final Example IMAGE =
      new Example(new Input.Image(2, 2, 3, new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}), "a", "t", 5.0);

  @Test
  void moved_manyRows_areAllPlacesEquallyOftenAndHoldWhatStaysInside() {
    var options = new DrawOptions(0, 1);
    var random = CounterRandom.of(7);
    Set<String> seen = new HashSet<>();
    int unmoved = 0;
    for (int row = 0; row < 900; row++) {
      Example moved = options.moved(IMAGE, random, row);
      assertEquals("a", moved.label());
      assertEquals("t", moved.task());
      byte[] samples = ((Input.Image) moved.input()).samples();
      int[] place = place(samples);
      assertArrayEquals(expected(place[0], place[1]), samples);
      seen.add(place[0] + " " + place[1]);
      unmoved += place[0] == 0 && place[1] == 0 ? 1 : 0;
    }
    assertEquals(9, seen.size());
    // A ninth of 900, within four standard deviations of a binomial.
    assertEquals(100, unmoved, 38);
  }

  /** How far an image was moved to the right and down: the place of the first channel's 2 or 5, one of which stays. */
  private static int[] place(byte[] samples) {
    for (int i = 0; i < 6; i++) {
      if (samples[i] == 2) {
        return new int[] {i % 3 - 1, i / 3};
      }
      if (samples[i] == 5 && i / 3 == 0) {
        return new int[] {i % 3 - 1, -1};
      }
    }
    throw new AssertionError("neither is left");
  }

  private static byte[] expected(int right, int down) {
    byte[] samples = new byte[12];
    for (int channel = 0; channel < 2; channel++) {
      for (int y = 0; y < 2; y++) {
        for (int x = 0; x < 3; x++) {
          int fromY = y - down;
          int fromX = x - right;
          boolean inside = fromY >= 0 && fromY < 2 && fromX >= 0 && fromX < 3;
          samples[channel * 6 + y * 3 + x] = (byte) (inside ? channel * 6 + fromY * 3 + fromX + 1 : 0);
        }
      }
    }
    return samples;
  }

  @Test
  void moved_noShift_isTheExample() {
    assertSame(IMAGE, DrawOptions.NONE.moved(IMAGE, CounterRandom.of(1), 0));
  }

  @Test
  void moved_aText_saysWhatToLeaveOut() {
    assertEquals("expected images with shift=2, got texts: leave shift out",
        assertThrows(UsageException.class,
            () -> new DrawOptions(0, 2).moved(Example.of("rain", "a"), CounterRandom.of(1), 0)).getMessage());
  }

  @Test
  void rows_draw_isThatManyOrAsManyAsArrive() {
    assertEquals(32, DrawOptions.NONE.rows(32));
    assertEquals(64, new DrawOptions(64, 0).rows(32));
    assertThrows(UsageException.class, () -> new DrawOptions(-1, 0));
    assertThrows(UsageException.class, () -> new DrawOptions(0, 65));
  }
}
