/** The ends of the scale: learning without any care for the past, and with all of it. */
@NullMarked
package dev.perennial.learn.baseline;

import org.jspecify.annotations.NullMarked;
