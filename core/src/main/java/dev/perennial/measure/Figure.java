package dev.perennial.measure;

import static dev.perennial.budget.Resource.BYTES;
import static dev.perennial.budget.Resource.PARAMETERS;
import static dev.perennial.budget.Resource.SECONDS;

import java.util.Locale;
import java.util.function.DoubleFunction;
import java.util.function.ToDoubleFunction;

/** A figure of a result that reports show: its title, what it says, and how it reads. */
@SuppressWarnings("ImmutableEnumChecker") // method references without state
enum Figure {
  FINAL_ACCURACY(
      "Final accuracy", "Of all test rows, after the last experience.", Better.HIGHER, Figure::percent,
      Result::finalAccuracy),
  AVERAGE_ACCURACY(
      "Average accuracy", "The mean over experiences, after the last one.", Better.HIGHER, Figure::percent,
      Result::averageAccuracy),
  ANYTIME_ACCURACY(
      "Anytime accuracy", "The mean over the stream of the accuracy on everything seen so far.", Better.HIGHER,
      Figure::percent, Result::anytimeAccuracy),
  FORGETTING(
      "Forgetting",
      "Best accuracy so far minus the last, mean over the earlier experiences. Part of it is the growing label set.",
      Better.LOWER, Figure::percent, Result::forgetting),
  TASK_ACCURACY(
      "Task accuracy", "Final accuracy when the choice is only among each experience's own classes.", Better.HIGHER,
      Figure::percent, Result::taskAccuracy),
  TASK_FORGETTING(
      "Task forgetting", "Forgetting when the choice is only among each experience's own classes: real forgetting.",
      Better.LOWER, Figure::percent, Result::taskForgetting),
  BACKWARD_TRANSFER(
      "Backward transfer",
      "Last accuracy minus the one right after learning, mean over the earlier experiences. Below zero is loss.",
      Better.HIGHER, Figure::percent, Result::backwardTransfer),
  TRAINABLE_PARAMETERS(
      "Trainable parameters", "Parameters that learning added and may change.", Better.LOWER, PARAMETERS::format,
      Result::trainableParameters),
  ADDED_BYTES(
      "Added to the model", "What the model grew by on disk.", Better.LOWER, BYTES::format, Result::addedBytes),
  MEMORY_BYTES(
      "Kept of the past", "Samples, features or statistics kept for later learning.", Better.LOWER, BYTES::format,
      Result::memoryBytes),
  LEARN_SECONDS(
      "Learning time", "Wall clock, evaluation not counted.", Better.LOWER, SECONDS::format, Result::learnSeconds),
  EVALUATE_SECONDS(
      "Evaluation time", "Wall clock, over all evaluations.", Better.LOWER, SECONDS::format,
      Result::evaluateSeconds),
  EXAMPLES_PER_SECOND(
      "Examples a second", "Rows learned in a second of learning.", Better.HIGHER, Figure::rate,
      Result::examplesPerSecond),
  PEAK_RESIDENT_BYTES(
      "Peak memory", "The process's largest resident memory.", Better.LOWER, BYTES::format,
      Result::peakResidentBytes);

  /** Which of two values is the better one. */
  enum Better { HIGHER, LOWER }

  private final String title;
  private final String meaning;
  private final Better better;
  private final DoubleFunction<String> format;
  private final ToDoubleFunction<Result> value;

  Figure(
      String title, String meaning, Better better, DoubleFunction<String> format, ToDoubleFunction<Result> value) {
    this.title = title;
    this.meaning = meaning;
    this.better = better;
    this.format = format;
    this.value = value;
  }

  String title() {
    return title;
  }

  String meaning() {
    return meaning;
  }

  /** Whether this is a figure of how well was learned, not of what it cost. */
  boolean isQuality() {
    return compareTo(TRAINABLE_PARAMETERS) < 0;
  }

  double of(Result result) {
    return value.applyAsDouble(result);
  }

  String text(Result result) {
    return format.apply(of(result));
  }

  /** Whether no other result is better in this figure. */
  boolean isBest(Result result, Iterable<Result> all) {
    for (Result other : all) {
      int sign = Double.compare(of(other), of(result));
      if (better == Better.HIGHER ? sign > 0 : sign < 0) {
        return false;
      }
    }
    return true;
  }

  /** A fraction as {@code 71.3%}. */
  static String percent(double fraction) {
    String text = String.format(Locale.ROOT, "%.1f%%", 100 * fraction);
    return text.equals("-0.0%") ? "0.0%" : text;
  }

  private static String rate(double perSecond) {
    return String.format(Locale.ROOT, perSecond < 99.95 ? "%.1f" : "%,.0f", perSecond);
  }
}
