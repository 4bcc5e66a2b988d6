package dev.perennial.engine;

import dev.perennial.UsageException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the examples come from.
 *
 * @param sources files (CSV, JSONL, Parquet; plain or .gz), or one directory of IDX images, or {@code wordnet}
 *     or {@code wordnet-subtrees}
 * @param text column of the text; not used for images and WordNet
 * @param label column of the label; not used for images and WordNet
 * @param split column that says test, validation or train; null to hold out a fifth of each class as test rows
 * @param task column that names the experience of a row; of WordNet {@link #PART_OF_SPEECH}; null where there is none
 * @param order column by which rows are ordered in time; null where there is none
 * @param dropLabels labels whose rows are left out
 * @param maxBadRows rows that may be unusable before the run is refused; default 0
 * @param maxPerClass training rows of a class at most, 0 for all; for WordNet 300 where it is 0; for its subtrees those of
 *     one of them, 60 where it is 0
 * @param maxTestPerClass rows of a class to evaluate on at most, 0 for all; for WordNet 60 where it is 0; for its subtrees
 *     those of one of them, 12 where it is 0
 * @param validate whether the validation rows are evaluated on in place of the test rows, as for tuning; default false
 * @param labelSeparator what stands between the labels of a row that carries several; null where each carries one
 * @param permutations how often all images come, each time as a task of its own under another fixed permutation of
 *     their samples; default 0, for once and as they are
 */
public record DataSpec(
    List<String> sources,
    @Nullable String text,
    @Nullable String label,
    @Nullable String split,
    @Nullable String task,
    @Nullable String order,
    List<String> dropLabels,
    long maxBadRows,
    int maxPerClass,
    int maxTestPerClass,
    boolean validate,
    @Nullable String labelSeparator,
    int permutations) {

  /** The name of the built-in source of WordNet's glosses. */
  public static final String WORDNET = "wordnet";

  /** The name of the same glosses in subtrees of hypernyms, each of them a task. */
  public static final String WORDNET_SUBTREES = "wordnet-subtrees";

  /** What a row of WordNet's can name as its task: noun, verb, adj or adv. */
  public static final String PART_OF_SPEECH = "part-of-speech";

  /** Checks the ranges. */
  public DataSpec {
    sources = List.copyOf(sources);
    dropLabels = List.copyOf(dropLabels);
    if (sources.isEmpty()) {
      throw new UsageException("expected --data FILE..., a directory of IDX images, or wordnet; got none");
    }
    if (maxBadRows < 0 || maxPerClass < 0 || maxTestPerClass < 0) {
      throw new UsageException("expected max-bad-rows, max-per-class and max-test-per-class of at least 0, got "
          + maxBadRows + ", " + maxPerClass + " and " + maxTestPerClass);
    }
    if (permutations < 0 || permutations > 1000) {
      throw new UsageException("expected a number of permutations between 0 and 1000, got " + permutations);
    }
  }

  /** Whether that names rows that come with Perennial. */
  public static boolean isBuiltIn(List<String> sources) {
    return sources.equals(List.of(WORDNET)) || sources.equals(List.of(WORDNET_SUBTREES));
  }

  /** Whether every row names its task without being asked to. */
  public static boolean namesTasks(List<String> sources) {
    return sources.equals(List.of(WORDNET_SUBTREES));
  }

  /** Rows of one label each, as they are, once. */
  public DataSpec(List<String> sources, @Nullable String text, @Nullable String label, @Nullable String split,
      @Nullable String task, @Nullable String order, List<String> dropLabels, long maxBadRows, int maxPerClass,
      int maxTestPerClass, boolean validate) {
    this(sources, text, label, split, task, order, dropLabels, maxBadRows, maxPerClass, maxTestPerClass, validate,
        null, 0);
  }

  /** What is sent to a model while it is served; there is nothing to read. */
  public static DataSpec served() {
    return new DataSpec(List.of("served"), null, null, null, null, null, List.of(), 0, 0, 0, false);
  }

  /** WordNet's glosses, labelled with their lexicographer files. */
  public static DataSpec wordnet(int maxPerClass) {
    return new DataSpec(List.of(WORDNET), null, null, null, null, null, List.of(), 0, maxPerClass, 0, false);
  }

  /** A table with a text, a label and, where {@code split} is not null, a split column. */
  public static DataSpec table(String file, String text, String label, @Nullable String split) {
    return new DataSpec(List.of(file), text, label, split, null, null, List.of(), 0, 0, 0, false);
  }

  /** The grey images in a directory of IDX files. */
  public static DataSpec images(String directory) {
    return new DataSpec(List.of(directory), null, null, null, null, null, List.of(), 0, 0, 0, false);
  }

  /** The same rows, evaluated on the validation rows in place of the test rows. */
  public DataSpec onValidation() {
    return new DataSpec(sources, text, label, split, task, order, dropLabels, maxBadRows, maxPerClass,
        maxTestPerClass, true, labelSeparator, permutations);
  }

  /** The same, evaluated on at most so many rows of a class. */
  public DataSpec withMaxTestPerClass(int rows) {
    return new DataSpec(sources, text, label, split, task, order, dropLabels, maxBadRows, maxPerClass, rows, validate,
        labelSeparator, permutations);
  }

  /** The same, with several labels a row, between which a text stands. */
  public DataSpec withLabelSeparator(String separator) {
    return new DataSpec(sources, text, label, split, task, order, dropLabels, maxBadRows, maxPerClass, maxTestPerClass,
        validate, separator, permutations);
  }

  /** The same, learning at most so many rows of a class. */
  public DataSpec withMaxPerClass(int rows) {
    return new DataSpec(sources, text, label, split, task, order, dropLabels, maxBadRows, rows, maxTestPerClass,
        validate, labelSeparator, permutations);
  }

  /** The same images under so many permutations. */
  public DataSpec permuted(int times) {
    return new DataSpec(sources, text, label, split, task, order, dropLabels, maxBadRows, maxPerClass, maxTestPerClass,
        validate, labelSeparator, times);
  }
}
