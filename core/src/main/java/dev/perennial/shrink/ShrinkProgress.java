package dev.perennial.shrink;

/** Told how far work has come. */
@FunctionalInterface
public interface ShrinkProgress {

  /** Tells nobody. */
  ShrinkProgress NONE = (what, done, of) -> {};

  /** So many steps of some work are done. */
  void at(String what, long done, long of);
}
