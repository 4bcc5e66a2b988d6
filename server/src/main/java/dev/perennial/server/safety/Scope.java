package dev.perennial.server.safety;

/** What a token allows. */
public enum Scope {
  /** Nothing is needed. */
  NONE,
  /** Predict, and look at what there is. */
  READ,
  /** Teach. */
  LEARN,
  /** Change models, bricks and what others taught. */
  ADMIN
}
