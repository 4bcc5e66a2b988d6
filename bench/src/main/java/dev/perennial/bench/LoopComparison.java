package dev.perennial.bench;

import dev.perennial.budget.Resource;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Our learners and a plain PyTorch loop on the same stream of images and as many threads, by turns.
 *
 * <p>Both sides hold the data before, learn once with each technique to warm up, and evaluate outside of what is timed.
 */
final class LoopComparison {

  private static final double NANOS = 1e9;

  private final LoopLearner learner;
  private final List<LoopTechnique> techniques;
  private final int rounds;
  private final LongSupplier ticker;
  private final PrintWriter err;

  /**
   * @param rounds of both sides that are timed
   * @param ticker nanoseconds since some moment
   * @param err where progress is shown
   */
  LoopComparison(
      LoopLearner learner, List<LoopTechnique> techniques, int rounds, LongSupplier ticker, PrintWriter err) {
    this.learner = learner;
    this.techniques = techniques;
    this.rounds = rounds;
    this.ticker = ticker;
    this.err = err;
  }

  /**
   * Measures.
   *
   * @param python the peer's interpreter; null for Debian's, which need not be there
   */
  LoopFigures run(@Nullable String python) {
    long start = ticker.getAsLong();
    for (LoopTechnique technique : techniques) {
      say("warm-up, Perennial: " + technique.id());
      learner.run(technique, 0);
    }
    say("starting the PyTorch loop");
    Optional<LoopPeer> started =
        LoopPeer.start(python, learner.directory(), learner.threads(), LoopLearner.MEMORY, err);
    if (started.isEmpty()) {
      return figures(null, start);
    }
    try (LoopPeer peer = started.get()) {
      for (LoopTechnique technique : techniques) {
        say("warm-up, PyTorch loop: " + technique.id());
        peer.run(technique, 0);
      }
      return figures(peer, start);
    }
  }

  private LoopFigures figures(@Nullable LoopPeer peer, long start) {
    var ours = runs();
    var theirs = runs();
    for (int round = 1; round <= rounds; round++) {
      double passed = (ticker.getAsLong() - start) / NANOS;
      // Before the first round there was the warm-up, which took about as long as one.
      double left = passed / round * (rounds - round + 1);
      say("round " + round + " of " + rounds + ", about " + Resource.SECONDS.format(left) + " left");
      for (LoopTechnique technique : techniques) {
        String line = "  " + technique.id() + ": Perennial " + timed(learner.run(technique, round), technique, ours);
        if (peer != null) {
          line += ", PyTorch loop " + timed(peer.run(technique, round), technique, theirs);
        }
        say(line);
      }
    }
    return new LoopFigures(Machine.here(learner.threads()), learner.dataset().name(), learner.examples(),
        LoopLearner.MEMORY, rounds, peer == null ? null : peer.torch(), techniques.stream()
            .map(technique -> LoopFigures.Row.of(
                technique, ours.getOrDefault(technique, List.of()), theirs.getOrDefault(technique, List.of())))
            .toList());
  }

  private static Map<LoopTechnique, List<LoopRun>> runs() {
    return new EnumMap<>(LoopTechnique.class);
  }

  private static String timed(LoopRun run, LoopTechnique technique, Map<LoopTechnique, List<LoopRun>> runs) {
    runs.computeIfAbsent(technique, first -> new ArrayList<>()).add(run);
    return Resource.SECONDS.format(run.seconds());
  }

  private void say(String line) {
    err.println("loop: " + line);
    err.flush();
  }
}
