/** An open world: inputs of no known class are told apart, new classes proposed, and confidences made to hold. */
@NullMarked
package dev.perennial.open;

import org.jspecify.annotations.NullMarked;
