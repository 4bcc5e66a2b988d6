/** Tensors as bytes, and the files that hold them. */
@NullMarked
package dev.perennial.tensor;

import org.jspecify.annotations.NullMarked;
