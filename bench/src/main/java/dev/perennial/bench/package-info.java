/** Speed, measured against others in one run on one machine. */
@NullMarked
package dev.perennial.bench;

import org.jspecify.annotations.NullMarked;
