/** Figures of a server, taken by a second process on the same machine. */
@NullMarked
package dev.perennial.bench.serve;

import org.jspecify.annotations.NullMarked;
