package dev.perennial.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

final class LatentPropertyTest {

  private static final int WIDTH = 6;

  @Provide
  Arbitrary<float[]> states() {
    return Arbitraries.floats().between(-1e6f, 1e6f).list().ofMinSize(1).ofMaxSize(8 * WIDTH)
        .map(numbers -> {
          float[] state = new float[Math.ceilDiv(numbers.size(), WIDTH) * WIDTH];
          for (int i = 0; i < numbers.size(); i++) {
            state[i] = numbers.get(i);
          }
          return state;
        });
  }

  @Property
  void state_isWithinHalfAScale_andKeptOnceMoreIsTheSame(@ForAll("states") float[] state) {
    Input.Latent latent = Input.Latent.of(1, WIDTH, state);
    assertEquals(state.length / WIDTH, latent.tokens());
    float[] found = latent.state();
    for (int i = 0; i < state.length; i++) {
      assertTrue(Math.abs(found[i] - state[i]) <= latent.scales()[i / WIDTH] * 0.5001, state[i] + " became " + found[i]);
    }
    assertArrayEquals(latent.values(), Input.Latent.of(1, WIDTH, found).values());
  }

  @Example
  void values_ofOtherTokensThanScales_areRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Input.Latent(1, 4, new byte[7], new float[2]));
    assertThrows(IllegalArgumentException.class, () -> new Input.Latent(0, 4, new byte[8], new float[2]));
  }
}
