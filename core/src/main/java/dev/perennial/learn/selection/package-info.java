/** Techniques that choose which rows, and which labels, are learned. */
@NullMarked
package dev.perennial.learn.selection;

import org.jspecify.annotations.NullMarked;
