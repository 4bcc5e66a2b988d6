/** Techniques that constrain in which directions of a weight's space learning may move. */
@NullMarked
package dev.perennial.learn.subspace;

import org.jspecify.annotations.NullMarked;
