package dev.perennial.bench.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ArrivalsTest {

  @TempDir
  private Path directory = Path.of("");

  @Test
  void poisson_isOfItsRate_andComesByItself() {
    double[] moments = Arrivals.poisson(100, 200, 1);
    assertEquals(20_000, moments.length);
    assertEquals(200, moments[moments.length - 1], 5);
    assertEquals(1, Arrivals.burstiness(moments), 0.2);
    assertTrue(Arrays.equals(moments, Arrivals.poisson(100, 200, 1)));
  }

  @Test
  void trace_keepsItsBurstsAtAnotherPace() throws Exception {
    Path file = Files.writeString(directory.resolve("t.csv"), """
        TIMESTAMP,A
        2023-11-16 18:15:10.0000000,1
        2023-11-16 18:15:10.5000000,1
        2023-11-16 18:15:20.0000000,1
        2023-11-16 18:15:30.0000000,1
        """, UTF_8);
    assertArrayEquals(new double[] {0, 0.05, 1, 2}, Arrivals.trace(file, 2, 100), 1e-9);
    assertThrows(UsageException.class,
        () -> Arrivals.trace(Files.writeString(directory.resolve("u.csv"), "a,b\nc,d\ne,f\n"), 1, 10));
  }

  @Test
  void zipf_fallsAsTheRank() {
    int[] counts = new int[50];
    for (int drawn : Arrivals.zipf(50, 100_000, 2)) {
      counts[drawn]++;
    }
    assertEquals(2, (double) counts[0] / counts[1], 0.15);
    assertEquals(10, (double) counts[0] / counts[9], 1.5);
    assertTrue(counts[49] > 0);
  }
}
