package dev.perennial.bench.suite;

import java.util.List;
import java.util.function.UnaryOperator;

/** What people call the classes of a dataset whose labels are numbers. */
final class ClassNames {

  /** In the order of their numbers; source: "Fashion-MNIST", arXiv 1708.07747. */
  private static final List<String> FASHION = List.of("T-shirt", "trouser", "pullover", "dress", "coat", "sandal",
      "shirt", "sneaker", "bag", "ankle boot");

  private ClassNames() {}

  /** The labels of a dataset in words, where they are known. */
  static UnaryOperator<String> of(String data) {
    return data.startsWith("fashion-mnist")
        ? label -> label.matches("[0-9]") ? FASHION.get(Integer.parseInt(label)) : label
        : label -> label;
  }
}
