package dev.perennial.server;

import java.util.List;

/** Whoever answers what texts are: the models themselves, or what stands in front of them. Safe for many threads. */
public interface Predicting {

  /**
   * Predicts texts.
   *
   * @param model its name
   * @param texts one or more
   * @param top how many classes to name for each, at least 1
   * @throws dev.perennial.UsageException if there is no such model, or it has learned nothing yet
   * @throws dev.perennial.FailureException if too much waits already
   */
  List<Answer> predict(String model, List<String> texts, int top);
}
