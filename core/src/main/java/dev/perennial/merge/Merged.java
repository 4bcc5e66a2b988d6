package dev.perennial.merge;

import dev.perennial.brick.SavedBrick;

/**
 * What came of merging.
 *
 * @param brick without a head, its parents in its provenance
 * @param lost what was cut off to have the rank that was asked for, as a share of the merged change's length over all
 *     sites, 0 to 1
 */
public record Merged(SavedBrick brick, double lost) {}
