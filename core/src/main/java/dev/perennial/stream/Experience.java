package dev.perennial.stream;

import dev.perennial.data.Example;
import java.util.List;

/**
 * The bounded slice of a stream that arrives together.
 *
 * @param index its place in the stream, from 0
 * @param name what reports call it
 * @param classes the labels that its training rows carry, each once, in a fixed order
 * @param train rows to learn, in the order in which they arrive
 * @param test rows that tell how well this slice is known; none where it is a piece of a larger one, see
 *     {@link Stream#stages}. Where rows carry several labels, those of its own classes count
 */
public record Experience(
    int index, String name, List<String> classes, List<Example> train, List<Example> test) {

  /** Copies the lists. */
  public Experience {
    classes = List.copyOf(classes);
    train = List.copyOf(train);
    test = List.copyOf(test);
  }
}
