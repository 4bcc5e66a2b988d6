/** Ways to make weights smaller: blocks that add up, bits that nest, numbers left out; and the file that holds them. */
@NullMarked
package dev.perennial.shrink;

import org.jspecify.annotations.NullMarked;
