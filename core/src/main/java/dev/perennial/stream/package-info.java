/** Experiences, and the scenarios that make a stream of them out of a dataset. */
@NullMarked
package dev.perennial.stream;

import org.jspecify.annotations.NullMarked;
