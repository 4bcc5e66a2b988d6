package dev.perennial.measure;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;

/**
 * How many test rows of one class were predicted rightly.
 *
 * @param rows test rows; at least 1
 * @param correct rows whose label is the prediction among all classes seen so far
 * @param correctMasked rows whose label is the prediction among the classes of the row's own experience
 */
@JsonPropertyOrder({"rows", "correct", "correctMasked"})
public record ClassCount(long rows, long correct, long correctMasked) {

  /** Checks that no more rows are right than there are. */
  public ClassCount {
    if (rows < 1 || correct < 0 || correct > rows || correctMasked < 0 || correctMasked > rows) {
      throw new IllegalArgumentException(
          "of " + rows + " rows, " + correct + " and " + correctMasked + " cannot be right");
    }
  }
}
