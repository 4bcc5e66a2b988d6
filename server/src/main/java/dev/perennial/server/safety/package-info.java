/** Who may do what, and how much of it. */
@NullMarked
package dev.perennial.server.safety;

import org.jspecify.annotations.NullMarked;
