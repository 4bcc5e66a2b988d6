package dev.perennial.learn.replay;

import dev.perennial.UsageException;
import dev.perennial.data.Example;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Part;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/*
 * Dark experience replay (Dark Experience for General Continual Learning, arXiv 2004.07211), equations 5 and 6:
 *   loss = mean over the batch of CE
 *        + alpha * mean over rows of the memory, and over classes, of (logits - stored logits)²
 *        + beta  * mean over other rows of the memory of CE                                           (DER++)
 * A row is offered to a reservoir after the step that it arrived with, with the logits that it had in that step. The
 * paper's network has the outputs of all classes from the start. Where ours grow, a stored row takes the logits of new
 * classes that the model gives it when they come, before it learns them: so they too are held where they were.
 */
/** Replay that holds the model to the logits that it once gave. */
final class DarkReplay extends Rehearsal {

  private final double alpha;
  private final double beta;
  private List<Sample> matched = List.of();
  private float[][] given = new float[0][];

  /**
   * @param alpha weight of the stored logits
   * @param beta weight of the labels of other rows; 0 where there are none
   */
  DarkReplay(
      GradientOptions training, int memory, DrawOptions draws, double alpha, double beta, long seed) {
    super(training, new MemoryOptions(memory, MemoryOptions.Keep.RESERVOIR, MemoryOptions.Offer.STEP), draws, seed);
    this.alpha = alpha;
    this.beta = beta;
  }

  static void requireWeight(String name, double weight) {
    if (!(weight >= 0) || Double.isInfinite(weight)) {
      throw new UsageException("expected " + name + " of at least 0, got " + weight);
    }
  }

  /** The logits with which a row is stored. */
  @Override
  public boolean notesRows() {
    return true;
  }

  @Override
  public void begin(Experience experience, Model model, boolean fresh) {
    int classes = model.classes().size();
    if (!fresh || memory().samples().stream().allMatch(sample -> sample.logits().length >= classes)) {
      return;
    }
    float[] logits = Tensors.toFloats(model.logits(memory().examples()));
    for (int i = 0; i < memory().size(); i++) {
      Sample sample = memory().samples().get(i);
      int known = sample.logits().length;
      float[] grown = Arrays.copyOf(sample.logits(), Math.max(known, classes));
      System.arraycopy(logits, i * classes + Math.min(known, classes), grown, known, grown.length - known);
      memory().replace(i, new Sample(sample.example(), grown));
    }
  }

  @Override
  public List<Example> replayed(Experience experience, long step) {
    matched = drawn(experience, step, draws(), 0);
    List<Example> rows = new ArrayList<>(moved(matched, experience, step, 0));
    if (beta > 0) {
      rows.addAll(moved(drawn(experience, step, draws(), 1), experience, step, 1));
    }
    return rows;
  }

  @Override
  public Tensor gradient(Batch batch, Model model, Supplier<Tensor> atValues) {
    given = new float[batch.arrived()][];
    return atValues.get();
  }

  @Override
  public Tensor taskLoss(Batch batch, Part part) {
    store(batch, part);
    int arrived = batch.arrived();
    int dark = arrived + matched.size();
    return BatchLoss.sum(batch, part,
        new BatchLoss.Term(0, arrived, 1, BatchLoss::crossEntropy),
        new BatchLoss.Term(arrived, dark, alpha, own -> squares(own, arrived)),
        new BatchLoss.Term(dark, batch.rows().size(), beta, BatchLoss::crossEntropy));
  }

  /** Remembers the logits of the rows that arrived. */
  private void store(Batch batch, Part part) {
    int[] positions = part.positions();
    int classes = (int) part.logits().size(1);
    float[] logits = Tensors.toFloats(part.logits().detach());
    for (int i = 0; i < positions.length; i++) {
      if (positions[i] < batch.arrived()) {
        given[positions[i]] = Arrays.copyOfRange(logits, i * classes, (i + 1) * classes);
      }
    }
  }

  /** The sum over rows of the mean square of what the logits moved since they were stored. */
  private Tensor squares(Part part, int arrived) {
    int[] positions = part.positions();
    int classes = (int) part.logits().size(1);
    float[] targets = new float[positions.length * classes];
    float[] weights = new float[positions.length * classes];
    for (int i = 0; i < positions.length; i++) {
      float[] stored = matched.get(positions[i] - arrived).logits();
      System.arraycopy(stored, 0, targets, i * classes, stored.length);
      Arrays.fill(weights, i * classes, i * classes + stored.length, 1f / stored.length);
    }
    Tensor moved = part.logits().sub(Tensors.floats(targets, positions.length, classes));
    return moved.square().mul(Tensors.floats(weights, positions.length, classes)).sum();
  }

  @Override
  Sample sample(Batch batch, int position) {
    return new Sample(batch.rows().get(position), given[position]);
  }
}
