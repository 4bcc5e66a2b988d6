package dev.perennial.store;

/**
 * Something in a store that is not as it was written.
 *
 * @param commit the commit it belongs to; 0 where it concerns the whole store
 * @param problem one line: what was expected, what was found, and where
 */
public record Damage(long commit, String problem) {}
