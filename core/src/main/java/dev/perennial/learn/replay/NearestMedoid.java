package dev.perennial.learn.replay;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.cluster.Distances;
import dev.perennial.cluster.KMedoids;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Classes;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/*
 * Exemplars of a class are its k medoids, the rows m_1 .. m_k for which sum over its rows x of min_i |x - m_i| cannot
 * be lowered by one swap, found by FasterPAM from random rows (Fast and Eager k-Medoids Clustering, arXiv 2008.05171),
 * with x the features at length 1. Then
 *
 *   score_c = - min over the exemplars m of class c of |x - m|² = 2 max x·m - 2
 *
 * Where a class comes again, its exemplars so far and its new rows are what is chosen from. Of more than 4,096 new
 * rows, as many are drawn at random.
 */
/** The class of the nearest exemplar, each class's exemplars being the medoids of its rows' features. */
@Technique(
    name = "nearest-medoid",
    title = "Fast and Eager k-Medoids Clustering: O(k) Runtime Improvement of the PAM, CLARA, and CLARANS Algorithms",
    source = "arXiv 2008.05171",
    cost = "a few times the square of a class's rows; keeps the features of some rows of each class")
public final class NearestMedoid implements Method<NearestMedoid.Options> {

  /**
   * The options.
   *
   * @param exemplars of each class at most, 1 to 1024; default 20
   */
  public record Options(int exemplars) {

    /** Checks the range. */
    public Options {
      if (exemplars < 1 || exemplars > 1024) {
        throw new UsageException("expected between 1 and 1024 exemplars, got " + exemplars);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(20);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new MedoidLearner(options.exemplars(), context);
  }

  private static final class MedoidLearner implements Learner {

    private static final int MOST_ROWS = 4096;
    private static final int PASSES = 100;
    private static final long START = 21;
    private static final long SAMPLE = 22;
    private static final String PART = "exemplars";

    private final int most;
    private final LearnerContext context;
    private final int width;
    private final Classes classes = new Classes();
    /** For each class, the features of its exemplars. */
    private final List<float[][]> exemplars = new ArrayList<>();
    private int begun = -1;
    private int lastExperience = -1;

    private MedoidLearner(int most, LearnerContext context) {
      this.most = most;
      this.context = context;
      this.width = context.backbone().width();
    }

    /** One step for each class. */
    @Override
    public long steps(Experience experience) {
      return experience.classes().size();
    }

    @Override
    public void step(Experience experience, long step) {
      if (step == 0) {
        classes.add(experience.classes());
        while (exemplars.size() < classes.size()) {
          exemplars.add(new float[0][]);
        }
        lastExperience = experience.index();
      }
      if (begun != experience.index()) {
        begun = experience.index();
        context.register(experience);
      }
      String label = experience.classes().get((int) step);
      List<Input> own = experience.train().stream()
          .filter(example -> example.label().equals(label)).map(Example::input).toList();
      int c = classes.indexOf(label);
      float[][] chosen = chosen(candidates(c, own, experience), experience, c);
      long numbers = (long) (chosen.length - exemplars.get(c).length) * width;
      context.charge(experience, PART, numbers, numbers * Float.BYTES);
      exemplars.set(c, chosen);
    }

    /** The exemplars so far, and new rows. */
    private float[][] candidates(int c, List<Input> inputs, Experience experience) {
      float[] flat = Tensors.toFloats(unit(inputs));
      var rows = new ArrayList<>(Arrays.asList(exemplars.get(c)));
      int[] order = CounterRandom.of(context.seed(), SAMPLE, experience.index(), c).permutation(inputs.size());
      int[] drawn = Arrays.copyOf(order, Math.min(order.length, MOST_ROWS));
      Arrays.sort(drawn);
      for (int row : drawn) {
        rows.add(Arrays.copyOfRange(flat, row * width, (row + 1) * width));
      }
      return rows.toArray(float[][]::new);
    }

    private float[][] chosen(float[][] candidates, Experience experience, int c) {
      Distances distances = Distances.euclidean(candidates);
      int[] start = KMedoids.random(distances, Math.min(most, candidates.length),
          CounterRandom.of(context.seed(), START, experience.index(), c));
      return KMedoids.fasterPam(distances, start, PASSES).medoids().stream()
          .map(row -> candidates[row]).toArray(float[][]::new);
    }

    private Tensor unit(List<? extends Input> inputs) {
      return torch.normalize(context.cache().features(inputs, FeatureCache.Frozen.BACKBONE));
    }

    @Override
    public List<String> classNames() {
      return classes.names();
    }

    @Override
    public Tensor scores(List<? extends Input> inputs) {
      Tensor features = unit(inputs);
      Tensor[] columns = new Tensor[classes.size()];
      for (int c = 0; c < columns.length; c++) {
        // A class whose turn has not come yet scores as one at a right angle, -2.
        columns[c] = exemplars.get(c).length == 0
            ? Tensors.zeros(inputs.size())
            : torch.amax(torch.mm(features, rows(c).t()), new long[] {1}, false);
      }
      return columns.length == 0
          ? Tensors.zeros(inputs.size(), 0)
          : torch.stack(new TensorVector(columns), 1).mul(new Scalar(2.0)).sub(new Scalar(2.0));
    }

    private Tensor rows(int c) {
      return Tensors.floats(flat(exemplars.get(c)), exemplars.get(c).length, width);
    }

    private float[] flat(float[][] rows) {
      float[] flat = new float[rows.length * width];
      for (int row = 0; row < rows.length; row++) {
        System.arraycopy(rows[row], 0, flat, row * width, width);
      }
      return flat;
    }

    @Override
    public List<StatePart> state() {
      long[] counts = exemplars.stream().mapToLong(rows -> rows.length).toArray();
      float[] all = flat(exemplars.stream().flatMap(Arrays::stream).toArray(float[][]::new));
      return List.of(
          LearnerState.origin(context.backbone(), lastExperience), classes.state(),
          StatePart.of(PART, Combine.UNION, Map.of(
              "features", TensorData.of(all, all.length / width, width),
              "counts", TensorData.of(counts, counts.length))));
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      lastExperience = LearnerState.requireOrigin(state, context.backbone());
      past.forEach(context::register);
      classes.restore(state);
      StatePart part = LearnerState.part(state, PART);
      long[] counts = part.tensor("counts").longs();
      float[] all = part.tensor("features").floats();
      if (counts.length != classes.size() || Arrays.stream(counts).sum() * width != all.length) {
        throw new FailureException("expected exemplars of " + classes.size() + " classes and " + width + " features in"
            + " a learner's state, found " + part.tensors() + ": the state belongs to another learner");
      }
      int next = 0;
      for (long count : counts) {
        float[][] rows = new float[(int) count][];
        for (int row = 0; row < rows.length; row++, next += width) {
          rows[row] = Arrays.copyOfRange(all, next, next + width);
        }
        exemplars.add(rows);
      }
    }

    @Override
    public Footprint footprint() {
      // Prediction needs the exemplars, and they are all that is kept of the past: they count once.
      return new Footprint(parameters(), parameters() * Float.BYTES, 0);
    }

    private long parameters() {
      return exemplars.stream().mapToLong(rows -> (long) rows.length * width).sum();
    }

    @Override
    public List<BrickInfo> bricks() {
      return parameters() == 0 ? List.of() : List.of(new BrickInfo(
          PART, "nearest-exemplar-head", parameters(), List.of(), context.origin().learnedUpTo(lastExperience)));
    }

    @Override
    public void close() {
      // It holds no native memory.
    }
  }
}
