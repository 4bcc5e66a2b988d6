/** Examples, and the sources they come from. */
@NullMarked
package dev.perennial.data;

import org.jspecify.annotations.NullMarked;
