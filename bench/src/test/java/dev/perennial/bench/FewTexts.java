package dev.perennial.bench;

import dev.perennial.tensor.CounterRandom;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A table of four classes that are easy to tell apart, in two tasks: 48 rows to learn, 24 of each other part. */
final class FewTexts {

  private static final List<List<String>> WORDS = List.of(List.of("cat", "dog", "horse", "sheep"),
      List.of("bank", "money", "loan", "stock"), List.of("rain", "snow", "storm", "cloud"),
      List.of("bread", "soup", "rice", "cheese"));

  private FewTexts() {}

  static Path table(Path directory) throws IOException {
    var lines = new ArrayList<>(List.of("text,label,task,split"));
    for (int row = 0; row < 96; row++) {
      var random = CounterRandom.of(1, row);
      List<String> words = WORDS.get(row % 4);
      lines.add("the " + words.get(random.below(0, 4)) + " and a " + words.get(random.below(1, 4)) + " " + row + ",class" + row % 4 + "," + (row % 2 == 0 ? "nature" : "town") + ","
          + (row < 48 ? "train" : row < 72 ? "validation" : "test"));
    }
    return Files.write(directory.resolve("few.csv"), lines);
  }
}
