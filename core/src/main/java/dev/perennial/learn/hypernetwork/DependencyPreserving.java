package dev.perennial.learn.hypernetwork;

import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Technique;

/** One recurrent network that generates a network for each task, and is held to those it generated before. */
@Technique(
    name = "hypernetwork",
    title = "Continual Learning with Dependency Preserving Hypernetworks",
    source = "arXiv 2209.07712",
    cost = "a step generates the weights of all tasks; keeps an embedding a task, the hypernetwork and its former self")
public final class DependencyPreserving implements Method<DependencyPreserving.Options> {

  /**
   * The options. Defaults of the first: 1 epoch, batches of 32, AdamW with rate 0.001, 2 hidden layers of 256, chunks of
   * 8192, embeddings of 32, 64 units, strength 0.1, recognition by means,
   * temperature 0.01.
   *
   * @param networks how networks are generated and trained
   * @param growth units that each task after the first adds to the hypernetwork, for itself and later tasks, 0 to 65536;
   *     default 0, which lets it stay as large as it is
   */
  public record Options(TaskNetworkOptions networks, int growth) {

    /** Checks the range. */
    public Options {
      TaskNetworkOptions.require("growth", 0, growth, 65536);
    }
  }

  @Override
  public Options defaults() {
    return new Options(
        new TaskNetworkOptions(1, 32, OptimiserOptions.adamW(1e-3), 256, 2, 8192, 32, 64, 0.1,
            TaskNetworkOptions.Recognition.MEANS, 0.01), 0);
  }

  @Override
  public SearchSpace searchSpace() {
    return SearchSpace.of("rate", "0.0003", "0.001", "0.003").and("strength", "0.01", "0.1", "1");
  }

  @Override
  public TaskNetworks learner(Options options, LearnerContext context) {
    TaskNetworkOptions networks = options.networks();
    return new TaskNetworks(networks, context, target -> new RecurrentHypernetwork(
        target, networks.embedding(), networks.units(), options.growth(), context.seed()));
  }
}
