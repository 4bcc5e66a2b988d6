/** Frozen networks, the sites where bricks act on them, and the readers of their weights. */
@NullMarked
package dev.perennial.backbone;

import org.jspecify.annotations.NullMarked;
