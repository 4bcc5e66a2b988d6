/** Learners that keep samples of the past and learn them again. */
@NullMarked
package dev.perennial.learn.replay;

import org.jspecify.annotations.NullMarked;
