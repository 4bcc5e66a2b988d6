package dev.perennial.bench;

import dev.perennial.bench.suite.FashionMnist;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.engine.DataSpec;
import dev.perennial.engine.Datasets;
import dev.perennial.engine.Run;
import dev.perennial.engine.RunListener;
import dev.perennial.engine.RunSpec;
import dev.perennial.measure.Result;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;

/**
 * Our learners on a stream of images, as the engine runs them, in memory alone; the seconds are those that the engine
 * itself counts as learning.
 *
 * @param directory of the four IDX files
 * @param dataset what they hold
 * @param threads that compute
 * @param clock of the runs
 */
record LoopLearner(Path directory, Dataset dataset, int threads, Clock clock) {

  /** Rows that replay and der++ keep. */
  static final int MEMORY = 500;

  /**
   * Reads the data.
   *
   * @throws dev.perennial.UsageException if a file is missing, or is not what the format says
   */
  static LoopLearner of(Path directory, int threads, Clock clock) {
    return new LoopLearner(directory, Datasets.read(DataSpec.images(directory.toString()), 1), threads, clock);
  }

  /** Examples of the stream. */
  int examples() {
    return dataset.train().size();
  }

  /** What a run is asked for: as the plain loop does it, and not as is usual here where the two differ. */
  RunSpec spec(LoopTechnique technique, long seed) {
    long classes = dataset.train().stream().map(Example::label).distinct().count();
    var asTheLoop = Map.of(
        "outputs", Long.toString(classes),
        "memory", Integer.toString(MEMORY),
        "keep", "reservoir",
        "offer", "step",
        "logitWeight", "0.5",
        "labelWeight", "0.5");
    return FashionMnist.split(directory, technique.id(), asTheLoop, threads).withSeed(seed);
  }

  /**
   * Learns the stream once, with a new network.
   *
   * @throws dev.perennial.UsageException if the data have fewer classes than there are experiences
   */
  LoopRun run(LoopTechnique technique, long seed) {
    try (Run run = Run.rehearse(spec(technique, seed), dataset, clock, RunListener.SILENT)) {
      Result result = run.execute();
      return new LoopRun(result.learnSeconds(), examples(), result.finalAccuracy());
    }
  }
}
