/** Clustering of rows: by their distances, and into as many clusters as the rows tell of. */
@NullMarked
package dev.perennial.cluster;

import org.jspecify.annotations.NullMarked;
