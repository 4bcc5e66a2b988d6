/** Learners, the objective they minimise, and what they keep of the past. */
@NullMarked
package dev.perennial.learn;

import org.jspecify.annotations.NullMarked;
