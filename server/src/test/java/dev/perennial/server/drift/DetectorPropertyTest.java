package dev.perennial.server.drift;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.FailureException;
import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

final class DetectorPropertyTest {

  private static final int STREAM = 700;

  /** A detector and what it is shown, of which the second half is unlike the first. */
  private record Case<T>(Supplier<Detector<T>> detector, Function<Integer, T> stream) {

    private void check(int stop) {
      Detector<T> whole = detector.get();
      Detector<T> resumed = detector.get();
      var told = new ArrayList<Drift>();
      for (int place = 0; place < STREAM; place++) {
        told.add(whole.observe(stream.apply(place)));
      }
      for (int place = 0; place < STREAM; place++) {
        if (place == stop) {
          double[] state = resumed.state();
          resumed = detector.get();
          resumed.observe(stream.apply(1));
          resumed.restore(state);
        }
        assertEquals(told.get(place), resumed.observe(stream.apply(place)));
      }
      double[] end = whole.state();
      assertArrayEquals(end, resumed.state());
      // What is left of it is not taken for the whole, nor is what is no state at all.
      for (double[] damaged : List.of(new double[0], Arrays.copyOf(end, end.length - 1),
          Arrays.copyOf(end, end.length + 1), new double[] {-1, 0, 0, 0, 0, 0}, new double[] {0.5, 0, 0, 0, 0, 0},
          new double[] {Double.NaN, 0, 1e300, 0, 1e300})) {
        Detector<T> other = detector.get();
        assertThrows(FailureException.class, () -> other.restore(damaged));
      }
      whole.reset();
      for (int place = 0; place < 3; place++) {
        assertEquals(told.get(place), whole.observe(stream.apply(place)));
      }
    }
  }

  @Property(tries = 25)
  void detector_restoredAnywhere_goesOnToTheSameBits(
      @ForAll @LongRange(min = 0, max = 1000) long seed, @ForAll @IntRange(min = 0, max = STREAM - 1) int stop) {
    Function<Integer, Double> numbers =
        place -> CounterRandom.of(seed, 1).uniform(place) + (place < STREAM / 2 ? 0 : 0.7);
    new Case<Double>(() -> new Adwin(new Adwin.Options(0.002, 7, 3, 2)), numbers).check(stop);
    new Case<Double>(() -> new PageHinkley(
        new PageHinkley.Options(0.01, 5, 30, PageHinkley.Direction.EITHER)), numbers).check(stop);
    new Case<float[]>(() -> new EmbeddingDistance(new EmbeddingDistance.Options(50, 16, 3, 4, 20), 3), place -> {
      var random = CounterRandom.of(seed, 2, place);
      return new float[] {(float) random.gaussian(0), (float) random.gaussian(1) + (place < STREAM / 2 ? 0 : 4)};
    }).check(stop);
  }
}
