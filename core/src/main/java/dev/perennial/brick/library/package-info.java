/** The bricks of one model by name and version, with what was made of what. */
@NullMarked
package dev.perennial.brick.library;

import org.jspecify.annotations.NullMarked;
