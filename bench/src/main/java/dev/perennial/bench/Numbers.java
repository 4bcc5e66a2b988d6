package dev.perennial.bench;

import dev.perennial.UsageException;
import java.util.Locale;

/** Numbers as the commands read and print them. */
final class Numbers {

  private Numbers() {}

  /**
   * A number that a user gave.
   *
   * @throws UsageException if it is out of range
   */
  static void require(String option, int value, int least, int most) {
    if (value < least || value > most) {
      throw new UsageException(
          "expected " + option + " between " + least + " and " + most + ", got " + value + ": give another number");
    }
  }

  /** A whole number with its thousands set apart. */
  static String whole(double value) {
    return String.format(Locale.ROOT, "%,.0f", value);
  }

  /** Two digits after the point. */
  static String fine(double value) {
    return String.format(Locale.ROOT, "%.2f", value);
  }

  /** A difference: two digits and a power of ten. */
  static String tiny(double value) {
    return String.format(Locale.ROOT, "%.1e", value);
  }

  /** A rate: a digit after the point where it is small. */
  static String rate(double value) {
    return String.format(Locale.ROOT, value < 100 ? "%.1f" : "%,.0f", value);
  }

  /** A duration: milliseconds below ten seconds, else seconds. */
  static String duration(double seconds) {
    return seconds < 10
        ? String.format(Locale.ROOT, seconds < 0.1 ? "%.2f ms" : "%,.0f ms", seconds * 1e3)
        : String.format(Locale.ROOT, "%,.1f s", seconds);
  }
}
