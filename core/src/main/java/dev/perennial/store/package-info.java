/** The durable home of learned state: atomic commits of named parts, their lineage and the place in the stream. */
@NullMarked
package dev.perennial.store;

import org.jspecify.annotations.NullMarked;
