package dev.perennial.bench.serve;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.tensor.CounterRandom;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;

/** Moments at which requests come, in seconds from the beginning, ascending. */
final class Arrivals {

  private Arrivals() {}

  /** So many a second on average, each by itself, for so long. */
  static double[] poisson(double rate, double seconds, long seed) {
    var random = CounterRandom.of(seed, 7);
    double[] moments = new double[(int) (rate * seconds)];
    double at = 0;
    for (int i = 0; i < moments.length; i++) {
      at -= Math.log(1 - random.uniform(i)) / rate;
      moments[i] = at;
    }
    return moments;
  }

  /**
   * The first moments of a trace, with its bursts, at another pace.
   *
   * @param file CSV, plain or .gz, whose first column is a time such as {@code 2023-11-16 18:15:46.6805900}
   * @param rate a second on average
   * @param seconds how long
   */
  static double[] trace(Path file, double rate, double seconds) {
    double[] moments = new double[(int) (rate * seconds)];
    int found = 0;
    LocalDateTime first = null;
    try (InputStream raw = Files.newInputStream(file);
        InputStream in = file.toString().endsWith(".gz") ? new GZIPInputStream(raw) : raw;
        var lines = new BufferedReader(new InputStreamReader(in, UTF_8))) {
      lines.readLine();
      for (String line = lines.readLine(); line != null && found < moments.length; line = lines.readLine()) {
        LocalDateTime at = LocalDateTime.parse(line.substring(0, line.indexOf(',')).replace(' ', 'T'));
        first = first == null ? at : first;
        moments[found++] = Duration.between(first, at).toNanos() / 1e9;
      }
    } catch (IOException e) {
      throw new FailureException("cannot read the trace " + file + ": " + e, e);
    } catch (DateTimeException | StringIndexOutOfBoundsException e) {
      throw new UsageException("expected lines that begin with a time and a comma in " + file + ", got another", e);
    }
    if (found < 2) {
      throw new UsageException("expected a trace of at least 2 requests in " + file + ", got " + found);
    }
    double[] kept = Arrays.copyOf(moments, found);
    double scale = found / rate / kept[found - 1];
    return Arrays.stream(kept).map(at -> at * scale).toArray();
  }

  /** Variance over mean of the counts of whole seconds: 1 where each comes by itself, more where they come in bursts. */
  static double burstiness(double[] moments) {
    int[] counts = new int[Math.max(1, (int) moments[moments.length - 1])];
    for (double at : moments) {
      if (at < counts.length) {
        counts[(int) at]++;
      }
    }
    double mean = Arrays.stream(counts).average().orElse(0);
    return Arrays.stream(counts).mapToDouble(count -> (count - mean) * (count - mean)).average().orElse(0) / mean;
  }

  /** A number below {@code size} with a chance that falls as its rank: 1 / (rank + 1). */
  static int[] zipf(int size, int draws, long seed) {
    double[] below = new double[size];
    double sum = 0;
    for (int i = 0; i < size; i++) {
      sum += 1.0 / (i + 1);
      below[i] = sum;
    }
    var random = CounterRandom.of(seed, 8);
    int[] drawn = new int[draws];
    for (int i = 0; i < draws; i++) {
      int at = Arrays.binarySearch(below, random.uniform(i) * sum);
      drawn[i] = Math.min(size - 1, at < 0 ? -at - 1 : at);
    }
    return drawn;
  }
}
