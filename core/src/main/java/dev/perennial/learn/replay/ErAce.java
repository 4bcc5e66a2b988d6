package dev.perennial.learn.replay;

import dev.perennial.learn.Batch;
import dev.perennial.learn.Classes;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.Part;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/*
 * ER-ACE (New Insights on Reducing Abrupt Representation Change in Online Continual Learning, arXiv 2203.03798):
 *   loss = mean over the batch of CE over the classes that the batch has
 *        + mean over the replayed rows of CE over all classes seen so far
 * So the rows that arrive push no old class away, and only replay sets old and new classes against each other.
 */
/** Replay in which new rows are told from the classes of their own batch alone. */
@Technique(
    name = "er-ace",
    title = "New Insights on Reducing Abrupt Representation Change in Online Continual Learning",
    source = "arXiv 2203.03798",
    cost = "twice the steps' rows; keeps as many rows as asked for")
public final class ErAce implements Method<ErAce.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param kept what the memory keeps; by default 500 rows of a reservoir, offered as they arrive
   * @param draws what a step is given of the memory
   */
  public record Options(GradientOptions training, MemoryOptions kept, DrawOptions draws) {}

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT, MemoryOptions.RESERVOIR, DrawOptions.NONE);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new Asymmetric(options, context.seed()));
  }

  static final class Asymmetric extends Rehearsal {

    private Classes classes = new Classes();

    Asymmetric(Options options, long seed) {
      super(options.training(), options.kept(), options.draws(), seed);
    }

    @Override
    public void begin(Experience experience, Model model, boolean fresh) {
      classes = model.classes();
    }

    @Override
    public Tensor taskLoss(Batch batch, Part part) {
      int arrived = batch.arrived();
      long[] present = classes.indicesOf(batch.rows().subList(0, arrived));
      present = Arrays.stream(present).distinct().sorted().toArray();
      return BatchLoss.sum(batch, part,
          new BatchLoss.Term(0, arrived, 1, amongClasses(present)),
          new BatchLoss.Term(arrived, batch.rows().size(), 1, BatchLoss::crossEntropy));
    }

    private static BatchLoss.RowLoss amongClasses(long[] present) {
      return part -> {
        long[] targets = Arrays.stream(part.labels()).map(label -> Arrays.binarySearch(present, label)).toArray();
        Tensor among = torch.index_select(part.logits(), 1, Tensors.longs(present, present.length));
        return torch.cross_entropy_loss(
            among, Tensors.longs(targets, targets.length), new TensorOptional(), 2, -100, 0);
      };
    }
  }
}
