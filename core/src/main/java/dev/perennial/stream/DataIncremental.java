package dev.perennial.stream;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.List;

/**
 * Experiences that each bring more rows of the same classes, in the same mix.
 *
 * <p>The rows of a class are dealt out one by one, so that no experience has more than one of them more than another,
 * and no more than one row more in all; every row comes once. Each class needs a row for every experience. The test
 * rows are shared out likewise.
 */
@Arrangement.Named(
    name = "data-incremental",
    what = "more rows of the same classes, in the same mix",
    title = "CORe50: a New Dataset and Benchmark for Continuous Object Recognition",
    source = "arXiv 1705.03550")
public final class DataIncremental implements Arrangement<DataIncremental.Options> {

  /** There are none. */
  public record Options() {}

  @Override
  public Options defaults() {
    return new Options();
  }

  @Override
  public List<Experience> experiences(Options options, Dataset dataset, int tasks, long seed) {
    var arrival = new Arrival(seed);
    var train = ByLabel.of(dataset.train());
    train.forEach((label, rows) -> {
      if (rows.size() < tasks) {
        throw new UsageException("%s has %d rows of the label '%s' to learn and %d tasks are asked for: %s".formatted(
            dataset.name(), rows.size(), label, tasks, "give --tasks " + rows.size() + " or fewer, or drop the label"));
      }
    });
    var trains = dealt(train.values(), tasks, Arrival.Use.LEAVING, arrival);
    var tests = dealt(ByLabel.of(dataset.test()).values(), tasks, Arrival.Use.TEST, arrival);
    var experiences = new ArrayList<Experience>();
    for (int i = 0; i < tasks; i++) {
      var rows = arrival.rows(trains.get(i), Arrival.Use.TRAIN, i);
      experiences.add(
          new Experience(i, DomainIncremental.slice(i), ByClass.classes(rows), rows, tests.get(i)));
    }
    return experiences;
  }

  /** Class after class, row after row: each to the next experience. */
  private static List<List<Example>> dealt(
      Iterable<List<Example>> classes, int parts, Arrival.Use use, Arrival arrival) {
    var dealt = new ArrayList<List<Example>>();
    for (int i = 0; i < parts; i++) {
      dealt.add(new ArrayList<>());
    }
    int place = 0;
    int next = 0;
    for (var rows : classes) {
      for (Example row : arrival.rows(rows, use, place++)) {
        dealt.get(next++ % parts).add(row);
      }
    }
    return dealt;
  }
}
