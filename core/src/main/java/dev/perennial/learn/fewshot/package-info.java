/** Learners for streams of a large first experience and later ones with few rows of each class. */
@NullMarked
package dev.perennial.learn.fewshot;

import org.jspecify.annotations.NullMarked;
