/** Techniques that use a part of a network's blocks: rows that leave early, and small models of the lower blocks. */
@NullMarked
package dev.perennial.learn.depth;

import org.jspecify.annotations.NullMarked;
