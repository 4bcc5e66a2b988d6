package dev.perennial.learn.growth;

import dev.perennial.UsageException;
import dev.perennial.data.Input;
import dev.perennial.grow.Evidence;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/*
 * Dynamic ConPET (arXiv 2309.14763): a brick with a head of its own for each task, and a selector, which tells the task:
 *   p(c) = p(t | x) p(c | t, x)  for the classes c of the `selected` likeliest tasks t; all others score -100
 *   p(t | x) = softmax(S [10 f(x)', 1])       f' the frozen features, of length 1
 * The selector learns beside each brick, from the batch and from a memory of the tasks before, by cross-entropy on the number of
 * the task, a pseudo-label. The paper's selector is a second brick and its memory holds texts; here it is linear over frozen
 * features, and its memory holds such features and no text, an even share for each task. Tasks of bricks that were merged are one.
 */
/** A brick and a head for each task, and a selector that sends an input to the likeliest ones. */
@Technique(
    name = "dynamic-conpet",
    title = "ConPET: Continual Parameter-Efficient Tuning for Large Language Models",
    source = "arXiv 2309.14763",
    cost = "the steps of plain training; a pass for each task selected; keeps bricks, heads, and features of some rows")
public final class DynamicConPet implements Method<DynamicConPet.Options> {

  /**
   * The options.
   *
   * @param growth how bricks train and how many are held; there is no analytic head
   * @param memory rows whose frozen features are kept for the selector, 1 to 10 million; default 1000
   * @param selected tasks that an input is sent to at most, 1 to 1000; default 2
   */
  public record Options(GrowthOptions growth, int memory, int selected) {

    /** Checks the ranges. */
    public Options {
      if (memory < 1 || memory > 10_000_000) {
        throw new UsageException("expected a memory between 1 and 10000000 rows, got " + memory);
      }
      if (selected < 1 || selected > 1000) {
        throw new UsageException("expected selected between 1 and 1000 tasks, got " + selected);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(GrowthOptions.DEFAULT, 1000, 2);
  }

  @Override
  public SearchSpace searchSpace() {
    return GrowthOptions.SEARCH_SPACE;
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GrowingLearner(
        options.growth(), context, new Selection(options, context.backbone().width(), context.seed()));
  }

  static final class Selection implements Growth {

    private static final long DRAWN = 95;
    private static final double TEMPERATURE = 0.1;
    private static final double SHARPNESS = 10;
    private static final double UNSELECTED = -100;
    private static final String SELECTOR = "selector";

    private final Options options;
    private final int width;
    private final long seed;
    /** Of each task, features that are remembered, row after row. */
    private final List<float[]> remembered = new ArrayList<>();
    private float[] selector = new float[0];
    private float[] heads = new float[0];

    Selection(Options options, int width, long seed) {
      this.options = options;
      this.width = width;
      this.seed = seed;
    }

    @Override
    public boolean analytic() {
      return false;
    }

    @Override
    public Evidence evidence(Rows rows, Model model) {
      return new Evidence("a task of its own", 1, 0, 0, model.shelf().size() - 1);
    }

    private int tasks() {
      return remembered.size();
    }

    @Override
    public void begin(Rows rows, Model model, int live, boolean fresh) {
      int known = heads.length / width;
      int classes = model.keys().brickOf().length;
      if (classes > known) {
        Tensor means = torch.normalize(model.keys().sums().narrow(0, known, classes - known));
        float[] more = Tensors.toFloats(means);
        heads = Arrays.copyOf(heads, classes * width);
        System.arraycopy(more, 0, heads, known * width, more.length);
      }
      if (fresh) {
        remembered.add(new float[0]);
        selector = Arrays.copyOf(selector, tasks() * (width + 1));
      }
      if (live >= 0) {
        remember(rows, live);
      }
    }

    /** Gives every task an even share of the memory; the rows of a task are in random order. */
    private void remember(Rows rows, int task) {
      int share = Math.max(1, options.memory / tasks());
      float[] fresh = Tensors.toFloats(torch.normalize(rows.frozen()));
      int count = fresh.length / width;
      int[] order = CounterRandom.of(seed, DRAWN, rows.experience().index()).permutation(count);
      float[] before = remembered.get(task);
      int old = before.length / width;
      int wanted = Math.min(share, count + old);
      // Where a task learns on, new rows take the place of half of what it has, or of none where there is room.
      int taken = Math.min(count, Math.max(wanted - old, wanted / 2));
      float[] all = new float[(taken + Math.min(old, wanted - taken)) * width];
      for (int i = 0; i < taken; i++) {
        System.arraycopy(fresh, order[i] * width, all, i * width, width);
      }
      System.arraycopy(before, 0, all, taken * width, all.length - taken * width);
      remembered.set(task, all);
      for (int other = 0; other < tasks(); other++) {
        float[] kept = remembered.get(other);
        remembered.set(other, Arrays.copyOf(kept, Math.min(kept.length, share * width)));
      }
    }

    @Override
    public void addTo(Parameters parameters, Model model) {
      parameters.add(SELECTOR, selector, tasks(), width + 1);
    }

    @Override
    public Tensor loss(Rows batch, Map<String, Tensor> trained, Model model) {
      Tensor[] rows = new Tensor[tasks()];
      long[] targets = new long[0];
      for (int task = 0; task < rows.length; task++) {
        float[] own = remembered.get(task);
        int from = targets.length;
        rows[task] = Tensors.floats(own, own.length / width, width);
        targets = Arrays.copyOf(targets, from + own.length / width);
        Arrays.fill(targets, from, targets.length, task);
      }
      Tensor logits = logits(Tensors.concat(0, rows), trained);
      return torch.cross_entropy_loss(
          logits, Tensors.longs(targets, targets.length), new TensorOptional(), 1, -100, 0);
    }

    /** What speaks for each task, {@code [rows, tasks]}. */
    private Tensor logits(Tensor frozen, Map<String, Tensor> trained) {
      Tensor live = trained.get(SELECTOR);
      Tensor weights = live == null ? Tensors.floats(selector, tasks(), width + 1) : live;
      Tensor scaled = torch.normalize(frozen).mul(new Scalar(SHARPNESS));
      return torch.mm(scaled, weights.narrow(1, 0, width).t()).add(weights.narrow(1, width, 1).t());
    }

    @Override
    public Tensor gates(Tensor frozen, Map<String, Tensor> trained, Model model) {
      return Gates.oneHot(Gates.best(logits(frozen, trained)), tasks());
    }

    @Override
    public void learned(Experience experience, Parameters parameters, int live, long[] classes, Model model) {
      selector = Tensors.toFloats(parameters.view(parameters.values(), SELECTOR));
      float[] rows = Tensors.toFloats(torch.normalize(parameters.view(parameters.values(), Live.HEAD)));
      for (int i = 0; i < classes.length; i++) {
        System.arraycopy(rows, i * width, heads, (int) classes[i] * width, width);
      }
    }

    @Override
    public Tensor scores(List<? extends Input> inputs, int classes, Model model) {
      Tensor frozen = model.network().frozen(inputs);
      if (tasks() == 0) {
        return model.keys().scores(frozen);
      }
      float[] likely = Tensors.toFloats(torch.log_softmax(logits(frozen, Map.of()), 1));
      float[] scores = new float[inputs.size() * classes];
      Arrays.fill(scores, (float) UNSELECTED);
      Tensor rows = Tensors.floats(heads, classes, width);
      for (int choice = 0; choice < Math.min(options.selected, tasks()); choice++) {
        long[] chosen = new long[inputs.size()];
        for (int row = 0; row < chosen.length; row++) {
          chosen[row] = best(likely, row);
        }
        Tensor features = model.features(inputs, Gates.oneHot(chosen, tasks()));
        float[] logits = Tensors.toFloats(
            torch.mm(torch.normalize(features), rows.t()).div(new Scalar(TEMPERATURE)));
        for (int row = 0; row < chosen.length; row++) {
          int at = row * tasks() + (int) chosen[row];
          put(logits, row * classes, model.keys().classesOf(chosen[row]), likely[at], scores);
          likely[at] = Float.NEGATIVE_INFINITY;
        }
      }
      return Tensors.floats(scores, inputs.size(), classes);
    }

    private long best(float[] likely, int row) {
      return LongStream.range(0, tasks()).reduce(
          0, (best, task) -> likely[row * tasks() + (int) task] > likely[row * tasks() + (int) best] ? task : best);
    }

    /** log p(t | x) + log p(c | t, x) for the classes of a task. */
    private static void put(float[] logits, int row, long[] own, float task, float[] scores) {
      double most = Arrays.stream(own).mapToDouble(label -> logits[row + (int) label]).max().orElse(0);
      double sum = Arrays.stream(own).mapToDouble(label -> Math.exp(logits[row + (int) label] - most)).sum();
      for (long label : own) {
        scores[row + (int) label] = (float) (task + logits[row + (int) label] - most - Math.log(sum));
      }
    }

    @Override
    public void merged(int kept, int gone) {
      float[] other = remembered.remove(gone);
      float[] one = remembered.get(kept);
      int share = Math.max(1, options.memory / tasks());
      float[] both = Arrays.copyOf(one, Math.min(one.length + other.length, share * width));
      int from = Math.min(one.length, both.length);
      System.arraycopy(other, 0, both, from, both.length - from);
      remembered.set(kept, both);
      int row = width + 1;
      float[] fewer = new float[selector.length - row];
      System.arraycopy(selector, 0, fewer, 0, gone * row);
      System.arraycopy(selector, (gone + 1) * row, fewer, gone * row, fewer.length - gone * row);
      for (int i = 0; i < row; i++) {
        fewer[kept * row + i] = (selector[kept * row + i] + selector[gone * row + i]) / 2;
      }
      selector = fewer;
    }

    @Override
    public long newNumbers(int classes) {
      return width + 1L + (long) classes * width;
    }

    @Override
    public long newBytes(long brickNumbers) {
      return (long) options.memory * width * Float.BYTES;
    }

    @Override
    public long parameters() {
      return (long) selector.length + heads.length;
    }

    @Override
    public long memoryBytes() {
      return remembered.stream().mapToLong(rows -> (long) rows.length * Float.BYTES).sum();
    }

    @Override
    public Map<String, TensorData> state() {
      var tensors = new HashMap<String, TensorData>();
      tensors.put("selector", TensorData.of(selector, tasks(), width + 1));
      tensors.put("heads", TensorData.of(heads, heads.length / width, width));
      for (int task = 0; task < tasks(); task++) {
        float[] rows = remembered.get(task);
        tensors.put("features." + task, TensorData.of(rows, rows.length / width, width));
      }
      return tensors;
    }

    @Override
    public void restore(StatePart part) {
      selector = part.tensor("selector").floats();
      heads = part.tensor("heads").floats();
      for (int task = 0; task < part.tensors().size() - 2; task++) {
        remembered.add(part.tensor("features." + task).floats());
      }
    }
  }
}
