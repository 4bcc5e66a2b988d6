/** Snapshots in the memory of a group of processes, of which some may be lost. */
@NullMarked
package dev.perennial.protect;

import org.jspecify.annotations.NullMarked;
