/** What a model got wrong since it was last updated, and what that says of the next input. */
@NullMarked
package dev.perennial.server.recall;

import org.jspecify.annotations.NullMarked;
