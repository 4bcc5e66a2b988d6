package dev.perennial.bench;

import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.data.TableOptions;
import dev.perennial.data.Tables;
import dev.perennial.data.WordNet;
import dev.perennial.data.WordNetOptions;
import dev.perennial.tensor.CounterRandom;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

/** The labelled texts that speed is measured on, no text twice: what is computed once would count twice. */
final class BenchTexts {

  private static final long SEED = 1;
  private static final long ORDER = 201;
  private static final WordNetOptions EVERYTHING = new WordNetOptions(Integer.MAX_VALUE, 0, 0);

  private BenchTexts() {}

  /**
   * WordNet's glosses in random order, always the same.
   *
   * @param most of them
   */
  static List<Example> wordNet(int most) {
    List<Example> all = WordNet.read(EVERYTHING, SEED).train();
    var shuffled = new ArrayList<Example>(all.size());
    for (int place : CounterRandom.of(SEED, ORDER).permutation(all.size())) {
      shuffled.add(all.get(place));
    }
    return distinct(shuffled, most);
  }

  /**
   * A table's texts in the order of its rows.
   *
   * @param most of them
   * @throws dev.perennial.UsageException if there is no such file or column, or a row cannot be used
   */
  static List<Example> table(Path file, String text, String label, int most) {
    Dataset table = Tables.read(TableOptions.of(List.of(file), text, label).withHoldOut(0), SEED);
    return distinct(table.train(), most);
  }

  private static List<Example> distinct(List<Example> examples, int most) {
    var seen = new HashSet<>();
    return examples.stream().filter(example -> seen.add(example.input())).limit(most).toList();
  }
}
