/** Learners that change the network's structure with the tasks: blocks, masks, transforms and generated weights. */
@NullMarked
package dev.perennial.learn.structure;

import org.jspecify.annotations.NullMarked;
