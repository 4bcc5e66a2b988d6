/** Answers kept by meaning, with a threshold, a lifetime and a quota for each category. */
@NullMarked
package dev.perennial.server.cache;

import org.jspecify.annotations.NullMarked;
