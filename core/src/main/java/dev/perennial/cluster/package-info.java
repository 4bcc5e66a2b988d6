/** Clustering of rows by their distances. */
@NullMarked
package dev.perennial.cluster;

import org.jspecify.annotations.NullMarked;
