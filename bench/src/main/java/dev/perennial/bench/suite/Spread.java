package dev.perennial.bench.suite;

import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;

/**
 * Several measurements of one figure.
 *
 * @param mean of them
 * @param deviation their sample standard deviation, by n - 1; 0 where there is one
 * @param count how many there are; at least 1
 */
record Spread(double mean, double deviation, int count) {

  /** The spread of some values, at least one. */
  static Spread of(List<Double> values) {
    double mean = values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    double squares = values.stream().mapToDouble(value -> (value - mean) * (value - mean)).sum();
    return new Spread(mean, values.size() == 1 ? 0 : Math.sqrt(squares / (values.size() - 1)), values.size());
  }

  /** Fractions as percentages, {@code 77.5 ± 0.7}; without the deviation where one value has none. */
  String percent() {
    return text(value -> String.format(Locale.ROOT, "%.1f", 100 * value + 0.0));
  }

  /** In words, each number as {@code format} writes it. */
  String text(DoubleFunction<String> format) {
    return count == 1 ? format.apply(mean) : format.apply(mean) + " ± " + format.apply(deviation);
  }
}
