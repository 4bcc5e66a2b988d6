package dev.perennial.learn.replay;

import dev.perennial.UsageException;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.Part;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/*
 * Hierarchy-aware pseudo-labels (Online Continual Learning on Hierarchical Label Expansion, arXiv 2308.14374). A row has
 * a label of one level; each level is a classifier of its own:
 *   loss of a row = CE among the classes of its level
 *     + pseudo * sum over coarser levels of CE with the label above its own
 *     + pseudo * sum over finer levels of CE with the class below its own that the model now gives the most
 * Only replayed rows take part in the last line: a coarse row that was stored learns finer labels once there are some.
 * Where all labels are of one level this is replay. Left out of the paper: its sampling that prefers new classes; the
 * memory is balanced in its place.
 */
/** Replay in which rows with coarse labels go on to learn the finer ones below them. */
@Technique(
    name = "hierarchical-replay",
    title = "Online Continual Learning on Hierarchical Label Expansion",
    source = "arXiv 2308.14374",
    cost = "twice the steps' rows; keeps as many rows as asked for")
public final class HierarchicalReplay implements Method<HierarchicalReplay.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param kept what the memory keeps; by default 500 rows, balanced, offered as they arrive
   * @param separator what stands between the levels in a label; default a full stop: noun.animal is below noun
   * @param pseudo weight of the levels that a row's label is not of, at least 0; default 1
   */
  public record Options(GradientOptions training, MemoryOptions kept, String separator, double pseudo) {

    /** Checks the separator and the range. */
    public Options {
      if (separator.isEmpty()) {
        throw new UsageException("expected a separator of at least one character, got none");
      }
      if (!(pseudo >= 0) || Double.isInfinite(pseudo)) {
        throw new UsageException("expected pseudo of at least 0, got " + pseudo);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT,
        new MemoryOptions(500, MemoryOptions.Keep.BALANCED, MemoryOptions.Offer.STEP), ".", 1);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new PseudoLabels(options, context.seed()));
  }

  static final class PseudoLabels extends Rehearsal {

    private final double pseudo;
    private final LabelTree tree;

    PseudoLabels(Options options, long seed) {
      super(options.training(), options.kept(), seed);
      this.pseudo = options.pseudo();
      this.tree = new LabelTree(options.separator());
    }

    @Override
    public void begin(Experience experience, Model model, boolean fresh) {
      tree.setClasses(model.classes().names());
    }

    @Override
    public Tensor taskLoss(Batch batch, Part part) {
      int rows = part.labels().length;
      int classes = (int) part.logits().size(1);
      float[] given = Tensors.toFloats(part.logits().detach());
      Tensor loss = Tensors.zeros();
      for (int level : tree.levels()) {
        List<Integer> own = tree.classesOf(level);
        long[] columns = own.stream().mapToLong(Integer::longValue).toArray();
        long[] targets = new long[rows];
        float[] weights = new float[rows];
        for (int row = 0; row < rows; row++) {
          int label = (int) part.labels()[row];
          int target = target(label, level, given, row * classes, part.positions()[row] >= batch.arrived());
          targets[row] = Math.max(0, own.indexOf(target));
          weights[row] = target < 0 ? 0 : target == label ? 1 : (float) pseudo;
        }
        Tensor each = torch.cross_entropy_loss(
            torch.index_select(part.logits(), 1, Tensors.longs(columns, columns.length)),
            Tensors.longs(targets, rows), new TensorOptional(), 0, -100, 0);
        loss = loss.add(each.mul(Tensors.floats(weights, rows)).sum());
      }
      return loss;
    }

    /** The class that a row of class {@code label} learns on a level; -1 where there is none. */
    private int target(int label, int level, float[] logits, int offset, boolean replayed) {
      if (level <= tree.level(label)) {
        return tree.above(label, level);
      }
      int best = -1;
      if (replayed) {
        for (int below : tree.below(label, level)) {
          if (best < 0 || logits[offset + below] > logits[offset + best]) {
            best = below;
          }
        }
      }
      return best;
    }
  }
}
