package dev.perennial.tensor;

/**
 * How two workers' copies of a part become one: what resharding, federated rounds and scale-out rest on.
 *
 * <p>The store keeps this word with each part and does no combining itself.
 */
public enum Combine {
  /** Add the tensors element by element: analytic statistics and counts; exact in any order up to rounding. */
  SUM,
  /** Average the tensors, each worker weighted by the examples it learned: bricks trained apart. */
  WEIGHTED_MEAN,
  /** Keep the entries of both, an entry of both once: memories. */
  UNION,
  /** Keep the copy of the later position: ledgers. */
  LATEST
}
