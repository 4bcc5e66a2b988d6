package dev.perennial.tune;

import dev.perennial.UsageException;
import dev.perennial.budget.Resource;
import dev.perennial.engine.RunSpec;
import dev.perennial.learn.Techniques;
import java.util.HashSet;
import java.util.List;

/**
 * All that decides what tuning chooses.
 *
 * @param run what every trial has in common: data, scenario, tasks, backbone, seed, threads, and a budget without
 *     seconds that each candidate must keep to. Its technique and options are not used
 * @param techniques that take part, by name; each once, at least one
 * @param limit when it ends
 * @param abandon whether trials that are likely to fail are abandoned early, while that saves time
 */
public record TuningSpec(RunSpec run, List<String> techniques, TuningLimit limit, boolean abandon) {

  /** Tuning of which every trial comes to its end. */
  public TuningSpec(RunSpec run, List<String> techniques, TuningLimit limit) {
    this(run, techniques, limit, false);
  }

  /**
   * Checks the names.
   *
   * @throws UsageException if there is no such technique, one is named twice, or none is
   */
  public TuningSpec {
    techniques = List.copyOf(techniques);
    if (techniques.isEmpty()) {
      throw new UsageException("expected the names of techniques to tune, got none: name one or more");
    }
    Techniques known = Techniques.load();
    var seen = new HashSet<String>();
    for (String name : techniques) {
      known.named(name);
      if (!seen.add(name)) {
        throw new UsageException("expected each technique once, got " + name + " twice: name it once");
      }
    }
    if (run.data().validate()) {
      throw new UsageException("tuning looks at validation rows by itself: leave the validation mode of the data out");
    }
    if (run.budget().limit(Resource.SECONDS).isPresent()) {
      throw new UsageException(
          "expected the seconds of tuning in its limit, got them in the budget of each trial: move them");
    }
  }
}
