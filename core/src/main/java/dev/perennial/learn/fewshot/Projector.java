package dev.perennial.learn.fewshot;

import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Optimiser;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/** The two branches behind a frozen network, of which one is trained at a time. */
final class Projector implements AutoCloseable {

  private static final String BASE = "base";
  private static final String INCREMENTAL = "incremental";
  private static final String OPTIMISER = "projector-optimiser";
  private static final String STEPS = "steps";
  private static final long BRANCHES = 84;

  private final SsmProjector.ProjectorOptions options;
  private final int places;
  private final int width;
  private final long seed;
  private final TensorOwner owner = new TensorOwner();
  private final Parameters base = new Parameters();
  private final Parameters incremental = new Parameters();
  private @Nullable Optimiser optimiser;
  private @Nullable Tensor gradient;

  /** A projector without branches, of sequences of so many places. */
  Projector(SsmProjector.ProjectorOptions options, int places, int width, long seed) {
    this.options = options;
    this.places = places;
    this.width = width;
    this.seed = seed;
  }

  /** What became of sequences: z, {@code [rows, places * width]}, and what the incremental branch did, if any. */
  record Projected(Tensor z, SelectiveBranch.@Nullable Scanned incremental) {}

  /** A loss on sequences that went through the projector: a scalar. */
  @FunctionalInterface
  interface Loss {

    /** Of a forward pass that may be asked for several times. */
    Tensor of(Pass pass);
  }

  /** Sends sequences, {@code [rows, places * width]}, through the projector. */
  @FunctionalInterface
  interface Pass {

    /** What became of them. */
    Projected of(Tensor sequences);
  }

  /**
   * Begins to train the base branch, or else the incremental one, with an optimiser that has taken no step.
   *
   * @return numbers of a branch that was made for it
   */
  long begin(boolean first) {
    Parameters trained = first ? base : incremental;
    long before = trained.size();
    initialise(trained, first);
    train(trained, OptimiserOptions.adamW(options.baseRate()).of(trained.size()));
    return trained.size() - before;
  }

  private void initialise(Parameters branch, boolean first) {
    if (branch.size() == 0) {
      SelectiveBranch.initialise(branch, places, width, options.channels(), options.states(),
          CounterRandom.of(seed, BRANCHES, first ? 0 : 1));
    }
  }

  private void train(Parameters branch, Optimiser by) {
    closeOptimiser();
    optimiser = by;
    gradient = owner.keep(Tensors.zeros(branch.size()));
  }

  private void closeOptimiser() {
    if (optimiser != null) {
      optimiser.close();
    }
    if (gradient != null) {
      owner.release(gradient);
    }
  }

  /** Lets the branch that is trained take a step of so many. */
  void step(boolean first, long step, long steps, Loss loss) {
    Optimiser by = optimiser;
    Tensor flat = gradient;
    if (by == null || flat == null) {
      throw new IllegalStateException("a branch is begun before it is trained");
    }
    Parameters trained = first ? base : incremental;
    double rate = first ? options.baseRate() : options.newRate();
    try (TensorOwner stepping = new TensorOwner(); TensorScope scope = TensorScope.training()) {
      Map<String, Tensor> leaves = trained.leaves(flat.zero_(), stepping);
      Map<String, Tensor> baseTensors = first ? leaves : base.views();
      Map<String, Tensor> newTensors = first ? Map.of() : leaves;
      loss.of(sequences -> project(sequences, baseTensors, newTensors)).backward();
      try (TensorScope following = TensorScope.inference()) {
        by.step(trained.values(), flat, rate * 0.5 * (1 + Math.cos(Math.PI * step / steps)));
      }
    }
  }

  /** Sends sequences through the branches as they are. */
  Projected project(Tensor sequences) {
    return project(sequences, base.views(), incremental.views());
  }

  private Projected project(Tensor flat, Map<String, Tensor> baseTensors, Map<String, Tensor> newTensors) {
    // Each place has length 1: blocks differ much in the size of their features.
    Tensor sequences = torch.normalize(flat.view(-1, width)).view(-1, places, width);
    Tensor z = sequences.flatten(1, 2).add(SelectiveBranch.of(sequences, baseTensors).output());
    if (newTensors.isEmpty()) {
      return new Projected(z, null);
    }
    SelectiveBranch.Scanned scanned = SelectiveBranch.of(sequences, newTensors);
    return new Projected(z.add(scanned.output()), scanned);
  }

  /** Numbers in both branches. */
  long numbers() {
    return base.size() + incremental.size();
  }

  /** The branches, and what the optimiser keeps. */
  List<StatePart> state() {
    var kept = new HashMap<String, TensorData>();
    if (optimiser != null) {
      kept.putAll(optimiser.state());
      kept.put(STEPS, TensorData.of(new long[] {optimiser.steps()}, 1));
    }
    return List.of(
        StatePart.of(BASE, Combine.WEIGHTED_MEAN, base.state()),
        StatePart.of(INCREMENTAL, Combine.WEIGHTED_MEAN, incremental.state()),
        StatePart.of(OPTIMISER, Combine.LATEST, kept));
  }

  /** Takes over what {@link #state} gave, from all parts of a learner's state. */
  void restore(Map<String, StatePart> state) {
    try (TensorScope scope = TensorScope.inference()) {
      restore(base, LearnerState.part(state, BASE), true);
      restore(incremental, LearnerState.part(state, INCREMENTAL), false);
      StatePart kept = LearnerState.part(state, OPTIMISER);
      if (!kept.tensors().isEmpty()) {
        Parameters trained = incremental.size() == 0 ? base : incremental;
        train(trained, OptimiserOptions.adamW(options.baseRate())
            .of(trained.size(), kept, kept.tensor(STEPS).longs()[0]));
      }
    }
  }

  private void restore(Parameters branch, StatePart state, boolean first) {
    if (!state.tensors().isEmpty()) {
      initialise(branch, first);
      branch.restore(state.tensors());
    }
  }

  @Override
  public void close() {
    if (optimiser != null) {
      optimiser.close();
    }
    owner.close();
    base.close();
    incremental.close();
  }
}
