package dev.perennial.tune;

import dev.perennial.measure.Result;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** What is known of a candidate so far. */
final class Standing {

  private final Candidate candidate;
  private final List<Trial> trials = new ArrayList<>();
  private int round;
  private String problem = "";

  Standing(Candidate candidate) {
    this.candidate = candidate;
  }

  Candidate candidate() {
    return candidate;
  }

  /** Takes in a trial; one that came to no end says why. */
  void add(Trial trial) {
    if (trial.result() == null) {
      problem = trial.problem();
    } else {
      trials.add(trial);
    }
  }

  boolean has(int rowsPerClass, long seed) {
    return trials.stream().anyMatch(trial -> trial.rowsPerClass() == rowsPerClass && trial.seed() == seed);
  }

  boolean isJudged() {
    return !trials.isEmpty();
  }

  /** The last round that it came through, from 1; 0 for none. */
  int round() {
    return round;
  }

  void reached(int number) {
    round = number;
  }

  /** Why it went no further, in one line; empty where nothing went wrong. */
  String problem() {
    return problem;
  }

  void stop(String why) {
    problem = why;
  }

  /** The trials on the largest part of the rows that it learned. */
  List<Trial> last() {
    int most = trials.stream().mapToInt(Trial::rowsPerClass).max().orElse(0);
    return trials.stream().filter(trial -> trial.rowsPerClass() == most).toList();
  }

  List<Result> results() {
    var results = new ArrayList<Result>();
    for (Trial trial : last()) {
      Result result = trial.result();
      if (result != null) {
        results.add(result);
      }
    }
    return results;
  }

  double mean(ToDoubleFunction<Result> figure) {
    return results().stream().mapToDouble(figure).average().orElse(0);
  }

  double accuracy() {
    return mean(Result::finalAccuracy);
  }

  /** Bytes that the model grows by, and that are kept of the past. */
  double bytes() {
    return mean(result -> result.addedBytes() + result.memoryBytes());
  }

  double learnSeconds() {
    return mean(Result::learnSeconds);
  }

  /** The standard deviation of the accuracy over seeds, of a sample; 0 for one seed. */
  double spread() {
    double mean = accuracy();
    List<Result> results = results();
    double squares = results.stream().mapToDouble(result -> Math.pow(result.finalAccuracy() - mean, 2)).sum();
    return results.size() < 2 ? 0 : Math.sqrt(squares / (results.size() - 1));
  }

  /**
   * How far the accuracy may be off: the larger of what so few rows leave open and what the seeds show.
   *
   * <pre>
   *   sqrt(p (1 - p) / n) with p = (n accuracy + 1) / (n + 2), n validation rows
   *   spread / sqrt(seeds)
   * </pre>
   */
  double standardError() {
    double rows = last().stream().mapToInt(Trial::validationRows).max().orElse(0);
    double share = (rows * accuracy() + 1) / (rows + 2);
    double ofRows = Math.sqrt(share * (1 - share) / Math.max(1, rows));
    return Math.max(ofRows, spread() / Math.sqrt(Math.max(1, last().size())));
  }

  /**
   * The seconds that a trial on so many rows of a class is expected to take: on a line through the last two trials of
   * other sizes, or in proportion to the rows after one; 0 where nothing is known.
   */
  double expectedSeconds(int rowsPerClass) {
    if (trials.isEmpty()) {
      return 0;
    }
    Trial latest = trials.getLast();
    double perRow = latest.seconds() / latest.rowsPerClass();
    for (Trial trial : trials) {
      if (trial.rowsPerClass() < latest.rowsPerClass()) {
        perRow = Math.max(0, (latest.seconds() - trial.seconds()) / (latest.rowsPerClass() - trial.rowsPerClass()));
      }
    }
    return latest.seconds() + perRow * (rowsPerClass - latest.rowsPerClass());
  }
}
