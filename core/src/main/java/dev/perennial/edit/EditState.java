package dev.perennial.edit;

import dev.perennial.tensor.TensorData;

/**
 * What is left of any number of edits.
 *
 * @param weight the layer, {@code [keys, outputs]}, float32
 * @param statistics means and sums of squared deviations of keys and gradients, {@code [2, keys + outputs]}, float64
 * @param rows edits that the statistics are of
 * @param reach mean size of an edit's step
 * @param reached edits that took a step
 */
record EditState(TensorData weight, TensorData statistics, long rows, double reach, long reached) {}
