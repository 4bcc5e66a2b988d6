package dev.perennial.data;

import dev.perennial.UsageException;

/**
 * How many glosses of each class of {@link WordNet} to take at most.
 *
 * @param trainPerClass to learn; 1 or more, 300 by default
 * @param validationPerClass to tune on; 0 or more, 20 by default
 * @param testPerClass to test on; 0 or more, 60 by default
 */
public record WordNetOptions(int trainPerClass, int validationPerClass, int testPerClass) {

  /** The defaults: 300 to learn, 20 to tune on and 60 to test on. */
  public static final WordNetOptions DEFAULT = new WordNetOptions(300, 20, 60);

  /**
   * Checks the numbers.
   *
   * @throws UsageException if one is out of range
   */
  public WordNetOptions {
    if (trainPerClass < 1 || validationPerClass < 0 || testPerClass < 0) {
      throw new UsageException(
          "WordNet rows per class: expected 1 or more to learn and 0 or more for validation and test, not %d, %d and %d"
              .formatted(trainPerClass, validationPerClass, testPerClass));
    }
  }
}
