/** Learners whose classes are points in feature space. */
@NullMarked
package dev.perennial.learn.prototype;

import org.jspecify.annotations.NullMarked;
