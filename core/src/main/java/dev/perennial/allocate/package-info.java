/** The search for where a brick's parameters should go. */
@NullMarked
package dev.perennial.allocate;

import org.jspecify.annotations.NullMarked;
