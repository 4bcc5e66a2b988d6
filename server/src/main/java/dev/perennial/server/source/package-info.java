/** Where examples come from: topics, directories and standard input, each row learned exactly once. */
@NullMarked
package dev.perennial.server.source;

import org.jspecify.annotations.NullMarked;
