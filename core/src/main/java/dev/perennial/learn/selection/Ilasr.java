package dev.perennial.learn.selection;

import dev.perennial.UsageException;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.NearestMeanHead;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
import dev.perennial.learn.Objective;
import dev.perennial.learn.Part;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.Tensors;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/*
 * ILASR: Privacy-Preserving Incremental Learning for Automatic Speech Recognition at Production Scale (arXiv 2207.09078),
 * with texts in the place of speech. Of every class an experience names, the first `labelled` rows come with the label
 * that people gave them; of all other rows the label is never looked at:
 *
 *   teacher:  the means m_c of the labelled rows' features by the frozen encoder, of length 1;  nothing else is stored
 *             p(c | x) = softmax_c(cos(x, m_c) / temperature)
 *   student:  loss = CE(x, label of x)                  for a labelled row
 *                    CE(x, argmax p(. | x))             for another one whose max p reaches `confidence`
 *                    0                                  for the rest: they are thrown away
 *
 * The paper's teacher is a larger recogniser; larger batches are its other finding: --option batch=128.
 */
/** Learns from a few labels and from those that a teacher makes up, which keeps a mean a class and no row. */
@Technique(
    name = "ilasr",
    title = "ILASR: Privacy-Preserving Incremental Learning for Automatic Speech Recognition at Production Scale",
    source = "arXiv 2207.09078",
    cost = "the steps of plain training, and one pass of the frozen encoder; keeps a mean a class and no sample")
public final class Ilasr implements Method<Ilasr.Options> {

  /**
   * The options.
   *
   * @param training how the student trains
   * @param labelled rows of each class in an experience whose label is used, 1 to 1 million; default 10
   * @param confidence that the teacher has at least in a label it gives, 0 to 1; default 0.5
   * @param temperature that cosines are divided by, above 0; default 0.05
   */
  public record Options(GradientOptions training, int labelled, double confidence, double temperature) {

    /** Checks the ranges. */
    public Options {
      if (labelled < 1 || labelled > 1_000_000) {
        throw new UsageException("expected labelled between 1 and 1000000 rows of a class, got " + labelled);
      }
      if (!(confidence >= 0 && confidence <= 1)) {
        throw new UsageException("expected a confidence between 0 and 1, got " + confidence);
      }
      if (!(temperature > 0) || Double.isInfinite(temperature)) {
        throw new UsageException("expected a temperature above 0, got " + temperature);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT, 10, 0.5, 0.05);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new WeakLabels(options, context));
  }

  static final class WeakLabels implements Objective {

    private static final String PART = "teacher";

    /** What stands for a row that is thrown away: cross-entropy passes over it. */
    static final long IGNORED = -100;

    private final Options options;
    private final LearnerContext context;
    private final NearestMeanHead teacher;
    private final Map<Input, Long> labels = new HashMap<>();

    WeakLabels(Options options, LearnerContext context) {
      this.options = options;
      this.context = context;
      this.teacher = new NearestMeanHead(context.backbone().width());
    }

    /** The label that a row of the experience is learned with; {@link #IGNORED} for none. */
    long label(Input input) {
      Long label = labels.get(input);
      if (label == null) {
        throw new IllegalStateException("every row of the experience was labelled as it began, and no other");
      }
      return label;
    }

    @Override
    public void begin(Experience experience, Model model, boolean fresh) {
      context.register(experience);
      List<Example> rows = experience.train();
      boolean[] known = new boolean[rows.size()];
      var counts = new TreeMap<String, Integer>();
      for (int row = 0; row < known.length; row++) {
        known[row] = counts.merge(rows.get(row).label(), 1, Integer::sum) <= options.labelled();
      }
      if (fresh) {
        teacher.grow(model.classes().size());
        List<Example> told = rowsWhere(rows, known, true);
        teacher.add(features(told), model.classes().indicesOf(told));
      }
      labels.clear();
      List<Example> untold = rowsWhere(rows, known, false);
      if (!untold.isEmpty()) {
        long[] weak = weakLabels(features(untold));
        for (int row = 0; row < weak.length; row++) {
          labels.put(untold.get(row).input(), weak[row]);
        }
      }
      rowsWhere(rows, known, true).forEach(row -> labels.put(row.input(), (long) model.classes().indexOf(row.label())));
    }

    private static List<Example> rowsWhere(List<Example> rows, boolean[] known, boolean wanted) {
      return IntStream.range(0, known.length)
          .filter(row -> known[row] == wanted).mapToObj(rows::get).toList();
    }

    private Tensor features(List<Example> rows) {
      return context.cache().features(rows.stream().map(Example::input).toList(), FeatureCache.Frozen.BACKBONE);
    }

    /** The teacher's classes, {@link #IGNORED} where it is not sure enough. */
    private long[] weakLabels(Tensor features) {
      // The scores are 2 cos - 2: the constant makes no difference to the softmax.
      Tensor scores = teacher.scores(features);
      int classes = (int) scores.size(1);
      float[] all = Tensors.toFloats(scores);
      long[] found = new long[all.length / classes];
      for (int row = 0; row < found.length; row++) {
        int best = 0;
        for (int c = 1; c < classes; c++) {
          best = all[row * classes + c] > all[row * classes + best] ? c : best;
        }
        double sum = 0;
        for (int c = 0; c < classes; c++) {
          sum += Math.exp((all[row * classes + c] - all[row * classes + best]) / 2 / options.temperature());
        }
        found[row] = 1 / sum >= options.confidence() ? best : IGNORED;
      }
      return found;
    }

    @Override
    public Tensor taskLoss(Batch batch, Part part) {
      long[] targets = part.rows().stream().mapToLong(row -> label(row.input())).toArray();
      return torch.cross_entropy_loss(
          part.logits(), Tensors.longs(targets, targets.length), new TensorOptional(), 2, IGNORED, 0);
    }

    @Override
    public List<StatePart> state() {
      return List.of(StatePart.of(PART, Combine.SUM, teacher.state()));
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      past.forEach(context::register);
      teacher.restore(LearnerState.part(state, PART));
    }

    @Override
    public long memoryBytes() {
      return teacher.bytes();
    }

    @Override
    public void close() {
      teacher.close();
    }
  }
}
