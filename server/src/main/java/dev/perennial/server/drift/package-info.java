/** Detectors that watch a stream and tell when it is no longer what it was. */
@NullMarked
package dev.perennial.server.drift;

import org.jspecify.annotations.NullMarked;
