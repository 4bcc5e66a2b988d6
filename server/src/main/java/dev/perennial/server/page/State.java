package dev.perennial.server.page;

import dev.perennial.server.drift.Signal;
import java.util.List;

/**
 * What the page shows of a model's stream. All of it began when the process did.
 *
 * @param at when this was so, in ISO 8601
 * @param accuracy before learning
 * @param matrix of the classes that came lately
 * @param known the classes that were seen last
 * @param forgetting the mean of what they forgot
 * @param signals of the detectors of drift
 * @param predicting how much and how fast
 * @param learning how much, and how long until predictions saw it
 * @param familiarity the median of what the best classes of the last texts scored
 * @param waiting texts that the model knew least, for a label
 * @param events what happened, the newest first
 */
public record State(String at, Accuracy accuracy, Matrix matrix, List<Known> known, double forgetting, List<Signal> signals,
    Side predicting, Side learning, double familiarity, List<Waiting> waiting, List<Event> events) {

  /**
   * How often rows were foreseen: predicted rightly before they were learned.
   *
   * @param rows that were learned since the process began
   * @param window rows that the present accuracy is of, at most
   * @param present the share of these
   * @param overall the share of all
   * @param points of the present accuracy, evenly spread over all rows
   */
  public record Accuracy(long rows, int window, double present, double overall, List<Point> points) {}

  /**
   * A point of a line.
   *
   * @param rows that were learned until then
   * @param accuracy at that moment
   */
  public record Point(long rows, double accuracy) {}

  /**
   * Labels against predictions among the rows of the window.
   *
   * @param labels of the rows and the columns; an empty one for all others
   * @param counts rows of a label by what was said of them
   */
  public record Matrix(List<String> labels, int[][] counts) {}

  /**
   * A class.
   *
   * @param label its name
   * @param seen rows of it
   * @param present the share of its last 32 rows that were foreseen
   * @param best the largest that ever was
   * @param forgetting the difference
   */
  public record Known(String label, long seen, double present, double best, double forgetting) {}

  /**
   * One side of the server.
   *
   * @param perSecond how many in each of the last seconds, the oldest first
   * @param rate the mean of the last ten seconds
   * @param median seconds that half of them took at most; 0 where too few are known
   * @param p99 the same of 99 in 100
   */
  public record Side(long[] perSecond, double rate, double median, double p99) {}

  /**
   * A text that waits for its label.
   *
   * @param prediction its id
   * @param text that was predicted
   * @param label that was said
   * @param score of that label
   * @param at when
   */
  public record Waiting(String prediction, String text, String label, double score, String at) {}

  /**
   * Something that happened.
   *
   * @param number counts up
   * @param at when
   * @param kind in a word
   * @param text in a line
   */
  public record Event(long number, String at, String kind, String text) {}

  /** The same without the texts of others, for those who may not label them. */
  public State withoutTexts() {
    return new State(at, accuracy, matrix, known, forgetting, signals, predicting, learning, familiarity, List.of(), events);
  }
}
