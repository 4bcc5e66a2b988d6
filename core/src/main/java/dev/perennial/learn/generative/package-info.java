/** Learners that make up rows of old classes, and keep none. */
@NullMarked
package dev.perennial.learn.generative;

import org.jspecify.annotations.NullMarked;
