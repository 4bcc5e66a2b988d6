/** The problems that every package reports in the same way. */
@NullMarked
package dev.perennial;

import org.jspecify.annotations.NullMarked;
