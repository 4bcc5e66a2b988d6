package dev.perennial.learn.generative;

import dev.perennial.UsageException;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.AnalyticHead;
import dev.perennial.brick.RandomProjection;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Classes;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
import dev.perennial.learn.Technique;
import dev.perennial.learn.analytic.AnalyticOptions;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * Generative Kernel Continual learning (arXiv 2112.13410): after each experience, with rows S made up by a generator of
 * classes, and their classes Y one-hot,
 *
 *   scores(x) = k(x, S) (k(S, S) + ridge I)^-1 Y
 *
 * and no row is stored. The kernel here is k(x, s) = phi(x)·phi(s) with phi the rectified random features of
 * RandomProjection, an arc-cosine kernel as their number grows; so W = (phi(S)ᵀ phi(S) + ridge I)^-1 phi(S)ᵀ Y and
 * scores(x) = phi(x) W are the same, and S need not be kept either.
 *
 * The paper's generator is a conditional variational auto-encoder that replays itself while it learns, with a
 * contrastive term. Here each class has a latent Gaussian model of its own on frozen features: the auto-encoder whose
 * decoder is linear, in closed form. So a new class cannot disturb the generator of an old one, and nothing has to be
 * replayed to it; the contrastive term, which shapes features that here are frozen, falls away.
 */
/** Kernel ridge regression on rows that a generator makes up for every class known; no row is kept. */
@Technique(
    name = "kernel-replay",
    title = "Generative Kernel Continual learning",
    source = "arXiv 2112.13410",
    cost = "one pass and classes x generated x features²; keeps rank + 1 feature vectors a class and no sample")
public final class KernelReplay implements Method<KernelReplay.Options> {

  /**
   * The options.
   *
   * @param rank directions of its own that a class's generator has, 1 to 4096, and less than there are features;
   *     default 16
   * @param generated rows that are made up for each class, 1 to 100000; default 128
   * @param head the kernel and the ridge. Its levels side by side are the features that are generated, and time grows
   *     with the cube of their number
   */
  public record Options(int rank, int generated, AnalyticOptions head) {

    /** Checks the ranges. */
    public Options {
      if (rank < 1 || rank > 4096) {
        throw new UsageException("expected a rank between 1 and 4096, got " + rank);
      }
      if (generated < 1 || generated > 100_000) {
        throw new UsageException("expected between 1 and 100000 rows generated, got " + generated);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(16, 128, new AnalyticOptions(2048, 1, 0.03));
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new KernelLearner(options, context);
  }

  private static final class KernelLearner implements Learner {

    private static final long PROJECTION = 31;
    private static final long GENERATED = 1;
    private static final String HEAD = "head";
    private static final String WEIGHT = "weight";

    private final Options options;
    private final LearnerContext context;
    private final int levels;
    private final RandomProjection kernel;
    private final Generators generators;
    private final TensorOwner owner = new TensorOwner();
    private final Classes classes = new Classes();
    private Tensor weights;
    private int begun = -1;
    private int lastExperience = -1;

    private KernelLearner(Options options, LearnerContext context) {
      this.options = options;
      this.context = context;
      this.levels = Math.min(options.head().levels(), context.backbone().blocks());
      int width = context.backbone().width();
      this.kernel = new RandomProjection(
          levels, width, options.head().features(), CounterRandom.of(context.seed(), PROJECTION));
      this.generators = new Generators(levels * width, options.rank());
      try (TensorScope scope = TensorScope.inference()) {
        this.weights = owner.keep(Tensors.zeros(options.head().features(), 0));
      }
    }

    /** One step for each class of the experience, and one for the head. */
    @Override
    public long steps(Experience experience) {
      return experience.classes().size() + 1L;
    }

    @Override
    public void step(Experience experience, long step) {
      if (step == 0) {
        grow(experience);
      }
      if (begun != experience.index()) {
        begun = experience.index();
        context.register(experience);
      }
      if (step < experience.classes().size()) {
        String label = experience.classes().get((int) step);
        List<Input> own = experience.train().stream()
            .filter(example -> example.label().equals(label)).map(Example::input).toList();
        generators.add(classes.indexOf(label), unit(own));
      } else {
        solve(experience);
      }
    }

    private void grow(Experience experience) {
      int added = classes.add(experience.classes());
      long columns = (long) added * kernel.features();
      context.charge(experience, "kernel head columns", columns, columns * Float.BYTES);
      context.charge(experience, "generators", 0, added * generators.bytesOfClass());
      generators.grow(classes.size());
      if (added > 0) {
        weights = owner.replace(
            weights, Tensors.concat(1, weights, Tensors.zeros(kernel.features(), added)).contiguous());
      }
      lastExperience = experience.index();
    }

    private void solve(Experience experience) {
      try (var head = new AnalyticHead(kernel.features(), options.head().ridge(), context.workers())) {
        head.grow(classes.size());
        for (int c = 0; c < classes.size(); c++) {
          var random = CounterRandom.of(context.seed(), PROJECTION, GENERATED, experience.index(), c);
          long[] labels = new long[options.generated()];
          Arrays.fill(labels, c);
          try (TensorScope scope = TensorScope.inference()) {
            head.add(kernel.apply(generators.draw(c, options.generated(), random)), labels);
          }
        }
        head.solve();
        Tensors.copyInto(weights, StatePart.of(HEAD, Combine.LATEST, head.weights()).tensor(WEIGHT), "the kernel head");
      }
    }

    /** Features with every level at length 1, as the kernel takes them. */
    private Tensor unit(List<? extends Input> inputs) {
      int width = context.backbone().width();
      Tensor features = features(inputs);
      return torch.normalize(features.reshape(-1, width)).view(-1, (long) levels * width);
    }

    private Tensor features(List<? extends Input> inputs) {
      return context.cache().features(inputs, FeatureCache.Frozen.BACKBONE, levels);
    }

    @Override
    public List<String> classNames() {
      return classes.names();
    }

    @Override
    public Tensor scores(List<? extends Input> inputs) {
      return torch.mm(kernel.apply(features(inputs)), weights);
    }

    @Override
    public List<StatePart> state() {
      return List.of(
          LearnerState.origin(context.backbone(), lastExperience), classes.state(), generators.state(),
          StatePart.of(HEAD, Combine.LATEST, Map.of(WEIGHT, Tensors.view(weights))));
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      lastExperience = LearnerState.requireOrigin(state, context.backbone());
      past.forEach(context::register);
      classes.restore(state);
      generators.restore(state, classes.size());
      weights = owner.replace(weights, Tensors.zeros(kernel.features(), classes.size()));
      Tensors.copyInto(weights, LearnerState.part(state, HEAD).tensor(WEIGHT), "the kernel head");
    }

    @Override
    public Footprint footprint() {
      return new Footprint(weights.numel(), weights.nbytes(), generators.bytes());
    }

    @Override
    public List<BrickInfo> bricks() {
      return classes.size() == 0 ? List.of() : List.of(new BrickInfo(
          HEAD, "kernel-head", weights.numel(), List.of(), context.origin().learnedUpTo(lastExperience)));
    }

    @Override
    public void close() {
      owner.close();
      kernel.close();
    }
  }
}
