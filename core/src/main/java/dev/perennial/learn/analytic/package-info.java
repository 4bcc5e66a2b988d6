/** Learners whose solution is in closed form. */
@NullMarked
package dev.perennial.learn.analytic;

import org.jspecify.annotations.NullMarked;
