package dev.perennial.measure;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the test rows of every experience so far were predicted after one more was learned.
 *
 * @param after the experience just learned, from 0
 * @param cells one for each experience from 0 to {@code after}, in that order
 * @param calibration how far its own judgement was right; null of a learner that has none
 */
@JsonPropertyOrder({"after", "cells", "calibration"})
public record Evaluation(
    int after, List<Cell> cells, @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Calibration calibration) {

  /** Of a learner that does not judge itself. */
  public Evaluation(int after, List<Cell> cells) {
    this(after, cells, null);
  }

  /** Copies the cells and checks that they are one an experience. */
  public Evaluation {
    cells = List.copyOf(cells);
    if (cells.size() != after + 1) {
      throw new IllegalArgumentException(
          "after experience " + after + " there are " + (after + 1) + " to evaluate, not " + cells.size());
    }
    for (int j = 0; j < cells.size(); j++) {
      if (cells.get(j).experience() != j) {
        throw new IllegalArgumentException(
            "cell " + j + " must be of experience " + j + ", not " + cells.get(j).experience());
      }
    }
  }
}
