/** Restarts: a supervisor of learners that die, hang or diverge, and the theory that says when what pays. */
@NullMarked
package dev.perennial.restart;

import org.jspecify.annotations.NullMarked;
