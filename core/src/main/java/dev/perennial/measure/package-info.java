/** How well a stream was learned and what it cost: evaluations, the figures made of them, and reports. */
@NullMarked
package dev.perennial.measure;

import org.jspecify.annotations.NullMarked;
