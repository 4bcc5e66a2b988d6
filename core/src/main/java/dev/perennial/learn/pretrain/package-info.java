/** Techniques that tune an encoder on texts alone before its labels. */
@NullMarked
package dev.perennial.learn.pretrain;

import org.jspecify.annotations.NullMarked;
