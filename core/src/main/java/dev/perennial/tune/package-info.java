/** Tuning: which technique and which options suit a stream, found on validation rows within a budget. */
@NullMarked
package dev.perennial.tune;

import org.jspecify.annotations.NullMarked;
