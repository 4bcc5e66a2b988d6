/** Learners that hold outputs or weights near what they were. */
@NullMarked
package dev.perennial.learn.regularisation;

import org.jspecify.annotations.NullMarked;
