/** Models while they are served: what learns, and the immutable snapshots that predictions are made from. */
@NullMarked
package dev.perennial.server.model;

import org.jspecify.annotations.NullMarked;
