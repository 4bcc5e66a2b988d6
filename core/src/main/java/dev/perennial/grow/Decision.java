package dev.perennial.grow;

/** What is done about an experience. */
public enum Decision {
  /** A brick that is there serves as it is. */
  REUSE,
  /** A brick that is there learns on. */
  UPDATE,
  /** A new brick learns. */
  ADD,
  /** Two bricks become one, which frees what the other took. */
  MERGE
}
