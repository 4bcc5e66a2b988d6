package dev.perennial.merge;

import dev.perennial.UsageException;

/**
 * A number that a method of merging is asked for.
 *
 * @param name as recipes write it
 * @param ofModel whether each model may have its own
 * @param usual where a recipe says nothing
 * @param lowest that it may be
 * @param highest that it may be
 */
record Setting(String name, boolean ofModel, double usual, double lowest, double highest) {

  /** What a model's change counts, any finite number. */
  static final Setting WEIGHT = new Setting("weight", true, 1, -1e6, 1e6);

  /** The share of a model's numbers that is kept. */
  static final Setting DENSITY = new Setting("density", true, 1, 0, 1);

  /** What the merged change is multiplied by. */
  static final Setting LAMBDA = new Setting("lambda", false, 1, -1e6, 1e6);

  /** Whether weights are divided by their sum: 1 or true, 0 or false. */
  static Setting normalize(boolean usual) {
    return new Setting("normalize", false, usual ? 1 : 0, 0, 1);
  }

  /**
   * Checks a number.
   *
   * @param where it stands, for the message
   */
  void check(double value, String where) {
    if (!(value >= lowest && value <= highest)) {
      throw new UsageException("expected a number from " + plain(lowest) + " to " + plain(highest) + " for " + name + where
          + ", got " + plain(value));
    }
  }

  private static String plain(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15 ? Long.toString((long) value) : Double.toString(value);
  }
}
