/** Learners that several replicas share, and checkpoints that any number of them can open. */
@NullMarked
package dev.perennial.shard;

import org.jspecify.annotations.NullMarked;
