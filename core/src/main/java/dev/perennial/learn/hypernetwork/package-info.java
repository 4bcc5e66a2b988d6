/** Learners that generate the weights of a network for each task. */
@NullMarked
package dev.perennial.learn.hypernetwork;

import org.jspecify.annotations.NullMarked;
