package dev.perennial.learn.prompt;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.VirtualTokens;
import dev.perennial.brick.HeadOptions;
import dev.perennial.data.Input;
import dev.perennial.learn.Batch;
import dev.perennial.learn.EpochOrder;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.Part;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/*
 * Less is more: Summarizing Patch Tokens for efficient Multi-Label Class-Incremental Learning (MULTI-LANE, arXiv
 * 2405.15633). Every task has a pathway, and every text goes through all of them. What the lower blocks make of a text's
 * tokens, H [length, d], is the same for all and computed once; in the pathway of task t
 *
 *   S_t    = softmax(Q_t H' / √d) H        summaries of the text, Q_t [summaries, d] the task's selectors
 *   f_t    = mean of what the upper blocks make of S_t beside the task's prefixes
 *   p(c|t) = softmax over the task's classes of the head's logits for f_t
 *   p(t)   ∝ sum over the task's classes of exp(cos(q(x), m_c) / gate)
 *   score of c = log p(c|t) + log p(t), up to a constant
 *
 * Pathways never meet: training one moves nothing of another. The quadratic cost of attention is that of a few summaries.
 * q(x) are the features of x by the frozen encoder alone, m_c the mean of those of the class. A class that comes again
 * belongs to the pathway that learned it last.
 *
 * In the paper summaries are made of the embeddings, the loss is an asymmetric one of each class by itself, and classes of
 * all pathways are compared by their logits as they are. Here summaries are made in the middle, which spares the lower
 * blocks in training; a row of several labels comes once for each of them, as in all streams here; and p(t) makes pathways
 * comparable: no text is ever trained in two of them, and logits alone prefer whichever pathway is the loudest.
 */
/** Pathways of tasks beside one another, each of which sums up a text in a few tokens before the upper blocks see it. */
@Technique(
    name = "multi-lane",
    title = "Less is more: Summarizing Patch Tokens for efficient Multi-Label Class-Incremental Learning",
    source = "arXiv 2405.15633",
    cost = "epochs x rows of a few tokens through the upper blocks, a pass of these for each task to predict; keeps"
        + " selectors and prefixes for each task, and a mean for each class")
public final class MultiLane implements Method<MultiLane.Options> {

  /**
   * The options.
   *
   * @param epochs passes over an experience, 1 to 1000; default 5
   * @param batch rows of a step, 1 to 4096; default 32
   * @param optimisation how the parameters follow their gradients; default adamw at 0.01
   * @param head which head is trained with them; default linear
   * @param summaries tokens that sum up a text, 1 to 256; default 8
   * @param tokens of a pathway's prefix, 1 to 64; default 4
   * @param lower share of the blocks that texts go through before they are summed up, 0 to below 1; default 0.5
   * @param gate what cosines are divided by when pathways are weighed, above 0: the smaller, the surer one is chosen;
   *     default 0.05
   */
  public record Options(
      int epochs, int batch, OptimiserOptions optimisation, HeadOptions head, int summaries, int tokens, double lower,
      double gate) {

    /** Checks the ranges. */
    public Options {
      if (summaries < 1 || summaries > 256) {
        throw new UsageException("expected summaries between 1 and 256, got " + summaries);
      }
      if (tokens < 1 || tokens > 64) {
        throw new UsageException("expected tokens between 1 and 64, got " + tokens);
      }
      if (!(lower >= 0 && lower < 1)) {
        throw new UsageException("expected lower from 0 to below 1, got " + lower);
      }
      if (!(gate > 0) || Double.isInfinite(gate)) {
        throw new UsageException("expected a gate above 0, got " + gate);
      }
      training(epochs, batch, optimisation, head);
    }

    private PromptTraining training() {
      return training(epochs, batch, optimisation, head);
    }

    private static PromptTraining training(int epochs, int batch, OptimiserOptions optimisation, HeadOptions head) {
      return new PromptTraining(epochs, batch, optimisation, head, true);
    }
  }

  @Override
  public Options defaults() {
    PromptTraining usual = PromptTraining.DEFAULT;
    return new Options(usual.epochs(), usual.batch(), usual.optimisation(), usual.head(), 8, 4, 0.5, 0.05);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new Lanes(options, context).learner();
  }

  static final class Lanes extends Prompting implements LaneBackbone.Pathway {

    static final String SELECTORS = "lanes.selectors";
    static final String PREFIXES = "lanes.prefixes";
    static final String HEAD = "head.weight";
    private static final String PART = "lanes";
    private static final String OF = "of";
    private static final String SUMS = "sums";
    /** Selectors of about the length of tokens, so that each looks at other ones from the beginning. */
    private static final float SELECTIVE = 50;
    /** Texts that are scored at a time, which bounds what is held of their tokens. */
    private static final int SCORED = 512;

    private final Options options;
    private final int lower;
    /** For each class the task that learned it last. */
    private int[] laneOf = new int[0];
    /** For each class the sum of its rows' queries, which points where their mean does. */
    private float[] sums = new float[0];
    /** The head's rows of the classes that the experience has not, and their numbers. */
    private float[] formerRows = new float[0];
    private long[] former = new long[0];
    /** The pathway that rows go through while no gradients are recorded. */
    private int acting;

    Lanes(Options options, LearnerContext context) {
      super("multi-lane", options.training(), context);
      this.options = options;
      this.lower = (int) (options.lower() * blocks());
    }

    @Override
    PromptedBackbone on(LearnerContext encoder) {
      return new LaneBackbone("multi-lane", encoder, this, lower);
    }

    private long lane() {
      return GradMode.is_enabled() ? tasks() - 1L : acting;
    }

    @Override
    List<String> growing() {
      return List.of(SELECTORS, PREFIXES);
    }

    @Override
    public void addTo(Parameters parameters) {
      float[] selectors = drawn((long) tasks() * options.summaries() * width(), 0);
      for (int i = 0; i < selectors.length; i++) {
        selectors[i] *= SELECTIVE;
      }
      parameters.add(SELECTORS, selectors, tasks(), options.summaries(), width());
      long pairs = 2L * (blocks() - lower);
      parameters.add(
          PREFIXES, drawn(tasks() * pairs * options.tokens() * width(), 1), tasks(), pairs, options.tokens(), width());
    }

    @Override
    public Tensor selectors(Map<String, Tensor> trained) {
      return named(trained, SELECTORS).select(0, lane());
    }

    @Override
    public VirtualTokens tokens(Map<String, Tensor> trained, Tensor queries) {
      Tensor own = named(trained, PREFIXES).select(0, lane());
      var prefixes = new HashMap<Integer, VirtualTokens.Prefix>();
      for (int block = lower; block < blocks(); block++) {
        long pair = 2L * (block - lower);
        prefixes.put(block, new VirtualTokens.Prefix(own.select(0, pair), own.select(0, pair + 1)));
      }
      return new VirtualTokens(null, prefixes, null);
    }

    @Override
    public void begin(Experience experience, Model model, boolean fresh) {
      super.begin(experience, model, fresh);
      int classes = model.classes().size();
      if (fresh) {
        laneOf = Arrays.copyOf(laneOf, classes);
        sums = Arrays.copyOf(sums, classes * width());
        for (int own : own()) {
          laneOf[own] = tasks() - 1;
        }
      }
      former = IntStream.range(0, classes).filter(c -> Arrays.stream(own()).noneMatch(own -> own == c))
          .asLongStream().toArray();
      formerRows = Tensors.toFloats(Tensors.rows(head(model), former));
    }

    private static Tensor head(Model model) {
      return model.parameters().view(model.parameters().values(), HEAD);
    }

    /** The cross-entropy over the classes of the pathway that is trained; one class alone teaches it nothing. */
    @Override
    public Tensor taskLoss(Batch batch, Part part) {
      long[] own = Arrays.stream(own()).asLongStream().sorted().toArray();
      long[] places = Arrays.stream(part.labels()).map(label -> Arrays.binarySearch(own, label)).toArray();
      Tensor logits = part.logits().index_select(1, Tensors.longs(own, own.length));
      return torch.cross_entropy_loss(logits, Tensors.longs(places, places.length), new TensorOptional(), 2, -100, 0);
    }

    @Override
    public void stepped(Batch batch, Model model) {
      super.stepped(batch, model);
      if (former.length > 0) {
        Tensor head = head(model);
        head.index_copy_(
            0, Tensors.longs(former, former.length), Tensors.floats(formerRows, former.length, head.size(1)));
      }
      if (batch.step() < EpochOrder.steps(batch.experience().train().size(), options.batch())) {
        addToSums(model.classes().indicesOf(batch.rows()));
      }
    }

    private void addToSums(long[] labels) {
      int width = width();
      for (int row = 0; row < labels.length; row++) {
        for (int i = 0; i < width; i++) {
          sums[(int) labels[row] * width + i] += queries()[row * width + i];
        }
      }
    }

    @Override
    public Tensor scores(List<? extends Input> inputs, Model model) {
      int classes = laneOf.length;
      float[] scores = new float[inputs.size() * classes];
      for (int start = 0; start < inputs.size(); start += SCORED) {
        List<? extends Input> some = inputs.subList(start, Math.min(start + SCORED, inputs.size()));
        float[] cosines = Tensors.toFloats(
            torch.mm(queries(some), torch.normalize(Tensors.floats(sums, classes, width())).t()));
        for (int lane : Arrays.stream(laneOf).distinct().toArray()) {
          acting = lane;
          float[] logits = Tensors.toFloats(model.logitsOf(model.features(some)));
          int[] own = IntStream.range(0, classes).filter(c -> laneOf[c] == lane).toArray();
          for (int row = 0; row < some.size(); row++) {
            int at = row * classes;
            double weight = logSum(cosines, at, own, 1 / options.gate()) - logSum(logits, at, own, 1);
            for (int c : own) {
              scores[start * classes + at + c] = (float) (logits[at + c] + weight);
            }
          }
        }
      }
      return Tensors.floats(scores, inputs.size(), classes);
    }

    /** {@code log sum exp(scale x)} over some columns of a row. */
    private static double logSum(float[] values, int at, int[] columns, double scale) {
      double most = Arrays.stream(columns).mapToDouble(c -> scale * values[at + c]).max().orElseThrow();
      return most + Math.log(Arrays.stream(columns).mapToDouble(c -> Math.exp(scale * values[at + c] - most)).sum());
    }

    @Override
    public List<StatePart> state() {
      var parts = new ArrayList<>(super.state());
      parts.add(StatePart.of(PART, Combine.LATEST, Map.of(
          OF, TensorData.of(laneOf, laneOf.length), SUMS, TensorData.of(sums, laneOf.length, width()))));
      return parts;
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      super.restore(state, past);
      StatePart part = LearnerState.part(state, PART);
      laneOf = part.tensor(OF).ints();
      sums = part.tensor(SUMS).floats();
      if (sums.length != laneOf.length * width() || Arrays.stream(laneOf).anyMatch(lane -> lane < 0 || lane >= tasks())) {
        throw new FailureException("expected a pathway of " + tasks() + " and a sum of " + width() + " numbers for each of "
            + laneOf.length + " classes, found " + sums.length + " numbers in all: the state belongs to another learner");
      }
    }

    @Override
    public long memoryBytes() {
      return (long) sums.length * Float.BYTES + (long) laneOf.length * Integer.BYTES;
    }
  }
}
