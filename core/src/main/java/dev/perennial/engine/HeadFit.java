package dev.perennial.engine;

import static org.bytedeco.pytorch.global.torch.cross_entropy_loss;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Row;
import dev.perennial.data.Example;
import dev.perennial.learn.EpochOrder;
import dev.perennial.learn.Optimiser;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.bytedeco.pytorch.Tensor;

/**
 * Trains a few parameters on texts of known classes, with all else frozen: AdamW whose rate rises to its height in some
 * steps and stays there, on the cross-entropy of logits.
 *
 * @param rate highest learning rate, above 0
 * @param warmUp steps in which it rises
 * @param batch rows of a step, in an order that is drawn anew for each pass
 * @param progress is told how many steps are done, after each
 */
record HeadFit(Backbone backbone, double rate, int warmUp, int batch, IntConsumer progress) {

  private static final long SEED = 1;

  /** What is minimised. */
  @FunctionalInterface
  interface Outputs {

    /**
     * The outputs of a batch.
     *
     * @param leaves the parameters by name, with gradients
     */
    Output of(List<Row> rows, Map<String, Tensor> leaves);
  }

  /**
   * What came of a batch.
   *
   * @param logits {@code [rows, classes]}
   * @param more is added to the cross-entropy: a scalar
   */
  record Output(Tensor logits, Tensor more) {

    /** Logits alone. */
    static Output of(Tensor logits) {
      return new Output(logits, Tensors.zeros());
    }
  }

  /**
   * Takes the steps.
   *
   * @param examples at least one
   * @param classes whose places are the columns of the logits
   * @throws UsageException if an example is of another class
   */
  void run(Parameters parameters, List<Example> examples, List<String> classes, int steps, Outputs outputs) {
    for (Example example : examples) {
      if (!classes.contains(example.label())) {
        throw new UsageException("expected one of the " + classes.size() + " classes that heads of bricks know, such as "
            + classes.getFirst() + ", got " + example.label());
      }
    }
    var order = new EpochOrder(SEED, 0, Math.min(batch, examples.size()));
    try (var owner = new TensorOwner();
        TensorScope scope = TensorScope.inference();
        Optimiser optimiser = OptimiserOptions.adamW(rate).of(parameters.size())) {
      Tensor gradient = Tensors.zeros(parameters.size());
      Map<String, Tensor> leaves = parameters.leaves(gradient, owner);
      for (int step = 0; step < steps; step++) {
        gradient.zero_();
        List<Example> drawn = order.batch(examples, step);
        try (TensorScope training = TensorScope.training()) {
          Output output = outputs.of(backbone.prepare(drawn.stream().map(Example::input).toList()), leaves);
          long[] wanted = drawn.stream().mapToLong(example -> classes.indexOf(example.label())).toArray();
          cross_entropy_loss(output.logits, Tensors.longs(wanted, wanted.length)).add(output.more).backward();
        }
        try (TensorScope update = TensorScope.inference()) {
          optimiser.step(parameters.values(), gradient, rate * Math.min(1, (step + 1.0) / warmUp));
        }
        progress.accept(step + 1);
      }
    }
  }
}
