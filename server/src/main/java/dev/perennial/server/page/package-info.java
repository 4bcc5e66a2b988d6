/** The page that shows a server at work, and what it knows of each model. */
@NullMarked
package dev.perennial.server.page;

import org.jspecify.annotations.NullMarked;
