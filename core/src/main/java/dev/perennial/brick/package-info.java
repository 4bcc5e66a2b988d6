/** Bricks: the small parameter modules that a frozen backbone grows by, and the heads on top of it. */
@NullMarked
package dev.perennial.brick;

import org.jspecify.annotations.NullMarked;
