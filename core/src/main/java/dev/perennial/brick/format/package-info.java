/** Bricks as files: PEFT's layout, and files of our own for what it has no layout for. */
@NullMarked
package dev.perennial.brick.format;

import org.jspecify.annotations.NullMarked;
