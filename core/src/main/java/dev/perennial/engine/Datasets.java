package dev.perennial.engine;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.data.IdxImages;
import dev.perennial.data.TableOptions;
import dev.perennial.data.Tables;
import dev.perennial.data.WordNet;
import dev.perennial.data.WordNetOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;

/** The datasets that specs name. */
final class Datasets {

  private Datasets() {}

  /** Reads all rows. */
  static Dataset read(DataSpec spec, long seed) {
    if (spec.sources().equals(List.of(DataSpec.WORDNET))) {
      int rows = spec.maxPerClass() == 0 ? WordNetOptions.DEFAULT.trainPerClass() : spec.maxPerClass();
      return WordNet.read(new WordNetOptions(
          rows, WordNetOptions.DEFAULT.validationPerClass(), WordNetOptions.DEFAULT.testPerClass()), seed);
    }
    List<Path> paths = spec.sources().stream().map(Path::of).toList();
    if (paths.size() == 1 && Files.isDirectory(paths.getFirst())) {
      return capped(IdxImages.read(paths.getFirst()), spec.maxPerClass());
    }
    String text = required(spec.text(), "--text");
    String label = required(spec.label(), "--label");
    var options = new TableOptions(paths, text, label, spec.split(), spec.task(), spec.order(),
        TableOptions.DEFAULT_HOLD_OUT, spec.maxBadRows(), spec.dropLabels());
    return capped(Tables.read(options, seed), spec.maxPerClass());
  }

  private static String required(@org.jspecify.annotations.Nullable String column, String option) {
    if (column == null || column.isEmpty()) {
      throw new UsageException("expected " + option + " COLUMN for tables of data, got none: name the column");
    }
    return column;
  }

  /** The first rows of each class, where there is a limit. */
  private static Dataset capped(Dataset dataset, int maxPerClass) {
    if (maxPerClass == 0) {
      return dataset;
    }
    var counts = new HashMap<String, Integer>();
    var kept = new ArrayList<Example>();
    for (Example example : dataset.train()) {
      if (counts.merge(example.label(), 1, Integer::sum) <= maxPerClass) {
        kept.add(example);
      }
    }
    return new Dataset(dataset.name(), kept, dataset.validation(), dataset.test(), dataset.badRows());
  }
}
