/** Tensors: the native library that computes them, who owns them, their bytes, and the files that hold those. */
@NullMarked
package dev.perennial.tensor;

import org.jspecify.annotations.NullMarked;
