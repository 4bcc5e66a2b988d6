package dev.perennial.stream;

import dev.perennial.data.Dataset;
import java.util.List;
import java.util.Set;

/** Experiences that each bring classes of their own, with all their rows. */
@Arrangement.Named(
    name = "class-incremental",
    what = "classes that were not there before; the experience is never told at prediction",
    title = "Three scenarios for continual learning",
    source = "arXiv 1904.07734")
public final class ClassIncremental implements Arrangement<ClassIncremental.Options> {

  /** There are none. */
  public record Options() {}

  @Override
  public Options defaults() {
    return new Options();
  }

  @Override
  public Set<Trait> traits() {
    return Set.of(Trait.READS_TASKS);
  }

  @Override
  public List<Experience> experiences(Options options, Dataset dataset, int tasks, long seed) {
    var arrival = new Arrival(seed);
    return ByClass.experiences(dataset, ByClass.groups(dataset, tasks, arrival), arrival);
  }
}
