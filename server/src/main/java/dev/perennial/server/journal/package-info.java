/** The durable log of what was taught: it is synced before anything is acknowledged. */
@NullMarked
package dev.perennial.server.journal;

import org.jspecify.annotations.NullMarked;
