/** A process that learns and predicts over HTTP: one writer, many readers. */
@NullMarked
package dev.perennial.server;

import org.jspecify.annotations.NullMarked;
