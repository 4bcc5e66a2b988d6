/** Editing what a model has learned: closed-form edits, repair of few layers, and erasing. */
@NullMarked
package dev.perennial.edit;

import org.jspecify.annotations.NullMarked;
