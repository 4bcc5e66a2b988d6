package dev.perennial.bench.serve;

import dev.perennial.data.Example;
import dev.perennial.data.TableOptions;
import dev.perennial.data.Tables;
import dev.perennial.data.WordNet;
import dev.perennial.data.WordNetOptions;
import dev.perennial.tensor.CounterRandom;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Where rows come from. */
final class BenchRows {

  private static final long SEED = 1;

  private BenchRows() {}

  /** WordNet's glosses in a random order, so many at most. */
  static List<Example> wordNet(int most) {
    return shuffled(WordNet.read(new WordNetOptions(Integer.MAX_VALUE, 0, 0), SEED).train(), most);
  }

  /** The rows of a table in a random order, so many at most. */
  static List<Example> table(Path file, String text, String label, int most) {
    return shuffled(Tables.read(TableOptions.of(List.of(file), text, label).withHoldOut(0), SEED).train(), most);
  }

  private static List<Example> shuffled(List<Example> all, int most) {
    var rows = new ArrayList<Example>();
    for (int at : CounterRandom.of(SEED, 301).permutation(all.size())) {
      rows.add(all.get(at));
    }
    return rows.subList(0, Math.min(most, rows.size()));
  }
}
