/** Learners whose releases are differentially private. */
@NullMarked
package dev.perennial.learn.privacy;

import org.jspecify.annotations.NullMarked;
