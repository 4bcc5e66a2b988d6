/** Techniques that grow a frozen network by low-rank bricks, and decide for each experience whether they should. */
@NullMarked
package dev.perennial.learn.growth;

import org.jspecify.annotations.NullMarked;
