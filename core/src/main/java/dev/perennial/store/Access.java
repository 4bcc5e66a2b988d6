package dev.perennial.store;

/** What an opened store may be used for. */
public enum Access {
  /** Looking only: any number at a time, beside a writer too. */
  READ,
  /** Committing and collecting as well: one at a time on a machine. */
  WRITE
}
