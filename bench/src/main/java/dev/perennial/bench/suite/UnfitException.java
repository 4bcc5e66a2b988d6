package dev.perennial.bench.suite;

/** A technique cannot keep to a memory budget. */
final class UnfitException extends Exception {

  UnfitException(String why) {
    super(why);
  }
}
