package dev.perennial.learn.growth;

import dev.perennial.stream.Experience;
import org.bytedeco.pytorch.Tensor;

/**
 * The rows of an experience as the backbone alone sees them.
 *
 * @param experience whose training rows they are
 * @param frozen their features, {@code [rows, width]}
 * @param labels the numbers of their classes
 */
record Rows(Experience experience, Tensor frozen, long[] labels) {}
