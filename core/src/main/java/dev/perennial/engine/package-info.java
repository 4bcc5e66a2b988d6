/** Runs: one stream learned by one learner, made durable as it goes. */
@NullMarked
package dev.perennial.engine;

import org.jspecify.annotations.NullMarked;
