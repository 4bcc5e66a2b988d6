/** The technique that chooses among techniques. */
@NullMarked
package dev.perennial.learn.auto;

import org.jspecify.annotations.NullMarked;
