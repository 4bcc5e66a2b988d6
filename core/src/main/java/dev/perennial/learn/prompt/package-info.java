/** Techniques that learn virtual tokens for a frozen text encoder, and choose among them by the text. */
@NullMarked
package dev.perennial.learn.prompt;

import org.jspecify.annotations.NullMarked;
