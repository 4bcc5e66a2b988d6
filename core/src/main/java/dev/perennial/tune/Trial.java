package dev.perennial.tune;

import dev.perennial.measure.Result;
import org.jspecify.annotations.Nullable;

/**
 * A candidate that was run once.
 *
 * @param candidate what was run
 * @param rowsPerClass rows of a class that it learned at most
 * @param validationRows that it was judged by
 * @param seed of the order of the stream, and of everything else that is drawn
 * @param seconds it took, wall clock, with all that belongs to a run
 * @param result its figures, on validation rows; null where it came to no end
 * @param problem why it came to no end, in one line; empty where it did
 */
public record Trial(
    Candidate candidate, int rowsPerClass, int validationRows, long seed, double seconds, @Nullable Result result,
    String problem) {}
