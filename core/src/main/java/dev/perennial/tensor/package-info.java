/** Native tensors: the library that computes them, who owns them, and how they are written down. */
@NullMarked
package dev.perennial.tensor;

import org.jspecify.annotations.NullMarked;
