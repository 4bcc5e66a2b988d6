/** Many models in one process, loaded when they are needed. */
@NullMarked
package dev.perennial.server.tenant;

import org.jspecify.annotations.NullMarked;
