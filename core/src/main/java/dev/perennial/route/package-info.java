/** Routing: which bricks of a collection act on an input, and with what weight; one file a technique. */
@NullMarked
package dev.perennial.route;

import org.jspecify.annotations.NullMarked;
