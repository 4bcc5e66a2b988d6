package dev.perennial.learn.replay;

import dev.perennial.UsageException;
import dev.perennial.data.Example;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Tensors;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/*
 * Averaged gradient episodic memory (Efficient Lifelong Learning with A-GEM, arXiv 1812.00420), equations 10 and 11:
 *   min |g' - g|²  such that  g' · r >= 0      solved by   g' = g - (g · r) / (r · r) r   where  g · r < 0,  else g
 * where g is the gradient of the batch and r the mean gradient of rows drawn from the memory.
 */
/** Follows the gradient of new rows as far as it does not raise the loss of old ones. */
@Technique(
    name = "a-gem",
    title = "Efficient Lifelong Learning with A-GEM",
    source = "arXiv 1812.00420",
    cost = "a second gradient a step; keeps as many rows as asked for")
public final class AGem implements Method<AGem.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param kept what the memory keeps; by default 500 rows, balanced, offered after their experience
   * @param reference rows that tell the gradient of the past, 1 to 100,000; default 256
   */
  public record Options(GradientOptions training, MemoryOptions kept, int reference) {

    /** Checks the range. */
    public Options {
      if (reference < 1 || reference > 100_000) {
        throw new UsageException("expected reference between 1 and 100000 rows, got " + reference);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT,
        new MemoryOptions(500, MemoryOptions.Keep.BALANCED, MemoryOptions.Offer.EXPERIENCE), 256);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new Projection(options, context.seed()));
  }

  static final class Projection extends Rehearsal {

    private final int reference;

    Projection(Options options, long seed) {
      super(options.training(), options.kept(), seed);
      this.reference = options.reference();
    }

    @Override
    public List<Example> replayed(Experience experience, long step) {
      return List.of();
    }

    @Override
    public Tensor gradient(Batch batch, Model model, Supplier<Tensor> atValues) {
      List<Sample> old = drawn(batch.experience(), batch.step(), reference, 0);
      if (old.isEmpty()) {
        return atValues.get();
      }
      Tensor gradient = atValues.get().clone();
      return projected(gradient, model.taskGradient(old.stream().map(Sample::example).toList()));
    }

    /** The vector nearest to {@code gradient} whose product with {@code past} is not negative; changes the first. */
    static Tensor projected(Tensor gradient, Tensor past) {
      double product = gradient.dot(past).item_double();
      if (product < 0) {
        Tensors.addScaled(gradient, past, -product / past.dot(past).item_double());
      }
      return gradient;
    }
  }
}
