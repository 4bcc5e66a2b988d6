/** Predictions of requests that arrive together, in shared passes. */
@NullMarked
package dev.perennial.server.batch;

import org.jspecify.annotations.NullMarked;
