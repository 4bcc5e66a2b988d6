/** Merging: one brick made of several, by recipes; the backbone and the parents stay as they are. */
@NullMarked
package dev.perennial.merge;

import org.jspecify.annotations.NullMarked;
