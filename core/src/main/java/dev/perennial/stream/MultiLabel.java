package dev.perennial.stream;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/*
 * An experience annotates its rows with its own classes only, as in Partitioning Reservoir Sampling (arXiv 2009.03632).
 * A row of several of them is copied, one label a copy, so that any learner of one label a row can learn it: the
 * cross-entropy of the copies is least where the softmax shares its mass evenly among a row's labels.
 */
/**
 * Class-incremental experiences of rows that carry several labels.
 *
 * <p>The labels are cut into even groups, one an experience. A training row comes with every experience that has one of
 * its labels, once for each of these: every pair of a row and a label comes once. A test row stands whole, with all its
 * labels, in every experience that has one of them; only the labels that are the experience's own count there, so every
 * pair counts once. Of a row with r labels known so far, a label counts as right if its score is among the r highest
 * (which for one label is the accuracy).
 */
@Arrangement.Named(
    name = "multi-label",
    what = "labels that were not there before, on rows that carry several (--label-separator)",
    title = "Imbalanced Continual Learning with Partitioning Reservoir Sampling",
    source = "arXiv 2009.03632")
public final class MultiLabel implements Arrangement<MultiLabel.Options> {

  /** There are none. */
  public record Options() {}

  @Override
  public Options defaults() {
    return new Options();
  }

  @Override
  public Set<Trait> traits() {
    return Set.of(Trait.LABEL_SETS);
  }

  @Override
  public List<Experience> experiences(Options options, Dataset dataset, int tasks, long seed) {
    var arrival = new Arrival(seed);
    var labels = new TreeSet<String>();
    dataset.train().forEach(row -> labels.addAll(row.labels()));
    if (dataset.train().stream().allMatch(row -> row.labels().size() == 1)) {
      throw new UsageException(dataset.name() + ": no row carries several labels: say what stands between them with"
          + " --label-separator, or use --scenario class-incremental");
    }
    var experiences = new ArrayList<Experience>();
    for (var group : ByClass.even(dataset.name(), List.copyOf(labels), tasks, arrival)) {
      var own = new HashSet<>(group.classes());
      var train = new ArrayList<Example>();
      for (Example row : dataset.train()) {
        for (String label : row.labels()) {
          if (own.contains(label)) {
            train.add(new Example(row.input(), label, row.task(), row.order()));
          }
        }
      }
      var test = dataset.test().stream().filter(row -> row.labels().stream().anyMatch(own::contains)).toList();
      int index = experiences.size();
      experiences.add(new Experience(
          index, group.name(), group.classes(), arrival.rows(train, Arrival.Use.TRAIN, index), test));
    }
    return experiences;
  }
}
