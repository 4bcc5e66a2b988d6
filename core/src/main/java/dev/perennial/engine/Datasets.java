package dev.perennial.engine;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.data.IdxImages;
import dev.perennial.data.PermutedImages;
import dev.perennial.data.TableOptions;
import dev.perennial.data.Tables;
import dev.perennial.data.WordNet;
import dev.perennial.data.WordNetOptions;
import dev.perennial.data.WordNetSubtrees;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A reader of the datasets that specs name. */
public final class Datasets {

  /** Of each of WordNet's subtrees, where no limit is given. */
  private static final int SUBTREE_ROWS = 60;

  private static final int SUBTREE_TEST_ROWS = 12;

  private Datasets() {}

  /**
   * Reads the rows that a spec asks for; those to evaluate on are the dataset's test rows.
   *
   * @param seed decides which rows are taken, and held out, where the source does not say
   * @throws UsageException in one line, if there are no such rows, or the source is none
   * @throws dev.perennial.FailureException in one line, if the source cannot be read
   */
  public static Dataset read(DataSpec spec, long seed) {
    Dataset all = all(spec, seed);
    if (spec.validate() && all.validation().isEmpty()) {
      throw new UsageException(all.name() + ": expected validation rows to evaluate on, got none: mark some in the"
          + " column that --split names, or leave out --validation");
    }
    // Limits of subtrees are a subtree's, and they were read that way.
    boolean subtrees = DataSpec.namesTasks(spec.sources());
    var rows = subtrees ? all : new Dataset(
        spec.validate() ? all.name() + " (validation)" : all.name(),
        capped(all.train(), spec.maxPerClass()),
        spec.validate() ? List.of() : all.validation(),
        capped(spec.validate() ? all.validation() : all.test(), spec.maxTestPerClass()),
        all.badRows());
    return spec.permutations() == 0 ? rows : PermutedImages.of(rows, spec.permutations(), seed);
  }

  private static Dataset all(DataSpec spec, long seed) {
    if (spec.sources().equals(List.of(DataSpec.WORDNET))) {
      WordNetOptions few = WordNetOptions.DEFAULT;
      int rows = spec.maxPerClass() == 0 ? few.trainPerClass() : spec.maxPerClass();
      // More to tune on leaves the rows to learn and to test on as they are.
      int tuned = spec.validate() ? Math.max(few.validationPerClass(), spec.maxTestPerClass()) : few.validationPerClass();
      Dataset read = WordNet.read(new WordNetOptions(rows, tuned, few.testPerClass()), seed);
      return DataSpec.PART_OF_SPEECH.equals(spec.task()) ? byPartOfSpeech(read) : read;
    }
    if (DataSpec.namesTasks(spec.sources())) {
      return WordNetSubtrees.read(spec.maxPerClass() == 0 ? SUBTREE_ROWS : spec.maxPerClass(),
          spec.maxTestPerClass() == 0 ? SUBTREE_TEST_ROWS : spec.maxTestPerClass(), seed);
    }
    if (spec.equals(DataSpec.served())) {
      throw new UsageException("expected a store whose data can be read again, got one of a model that is taught while it"
          + " is served: go on with it by ./perennial serve --store DIR");
    }
    List<Path> paths = spec.sources().stream().map(Path::of).toList();
    if (paths.size() == 1 && Files.isDirectory(paths.getFirst())) {
      return IdxImages.read(paths.getFirst());
    }
    String text = required(spec.text(), "--text");
    String label = required(spec.label(), "--label");
    var options = new TableOptions(paths, text, label, spec.split(), spec.task(), spec.order(),
        TableOptions.DEFAULT_HOLD_OUT, spec.maxBadRows(), spec.dropLabels(), spec.labelSeparator());
    return Tables.read(options, seed);
  }

  /** The same rows, each with what stands before the point of its lexicographer file's name as its task. */
  private static Dataset byPartOfSpeech(Dataset all) {
    return new Dataset(all.name(), byPartOfSpeech(all.train()), byPartOfSpeech(all.validation()), byPartOfSpeech(all.test()),
        all.badRows());
  }

  private static List<Example> byPartOfSpeech(List<Example> rows) {
    return rows.stream().map(row -> new Example(
        row.input(), row.label(), row.label().substring(0, row.label().indexOf('.')), row.order())).toList();
  }

  private static String required(@Nullable String column, String option) {
    if (column == null || column.isEmpty()) {
      throw new UsageException("expected " + option + " COLUMN for tables of data, got none: name the column");
    }
    return column;
  }

  /** The first rows of each class, where there is a limit. */
  private static List<Example> capped(List<Example> rows, int perClass) {
    if (perClass == 0) {
      return rows;
    }
    var counts = new HashMap<String, Integer>();
    return rows.stream().filter(row -> counts.merge(row.label(), 1, Integer::sum) <= perClass).toList();
  }
}
