/** Limits on what learning may spend, and the record of what it spent. */
@NullMarked
package dev.perennial.budget;

import org.jspecify.annotations.NullMarked;
