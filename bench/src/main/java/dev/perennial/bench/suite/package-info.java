/** Techniques side by side on one stream, over several seeds: runs that can be resumed, and what is told of them. */
@NullMarked
package dev.perennial.bench.suite;

import org.jspecify.annotations.NullMarked;
