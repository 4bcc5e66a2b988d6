package dev.perennial.measure;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.List;

/**
 * How the test rows of every experience so far were predicted after one more was learned.
 *
 * @param after the experience just learned, from 0
 * @param cells one for each experience from 0 to {@code after}, in that order
 */
@JsonPropertyOrder({"after", "cells"})
public record Evaluation(int after, List<Cell> cells) {

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
