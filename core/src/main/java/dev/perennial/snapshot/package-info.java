/** Snapshots of what is being learned, made durable beside learning. */
@NullMarked
package dev.perennial.snapshot;

import org.jspecify.annotations.NullMarked;
