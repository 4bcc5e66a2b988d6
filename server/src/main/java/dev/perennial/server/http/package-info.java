/** The HTTP interface, and the process behind it. */
@NullMarked
package dev.perennial.server.http;

import org.jspecify.annotations.NullMarked;
