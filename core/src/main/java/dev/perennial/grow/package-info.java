/** When and where parameters are added, and which are freed again. */
@NullMarked
package dev.perennial.grow;

import org.jspecify.annotations.NullMarked;
