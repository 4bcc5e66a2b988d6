package dev.perennial.shrink;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.backbone.Row;
import dev.perennial.data.Input;
import dev.perennial.learn.Optimiser;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 *   loss = mean over rows of |f'(x) / |f'(x)| - f(x) / |f(x)||²      f: the backbone, f': the same with other weights
 *
 * No labels are asked for: what was there before pruning or quantising is the teacher.
 */
/** Gradient steps that draw a changed backbone's features to those of the backbone. */
final class Distillation {

  private static final long ORDER = 301;

  private final Backbone backbone;
  private final Workers workers;
  private final List<Row> rows;
  private final float[] features;
  private final DistillOptions options;

  /** What is trained. */
  interface Student {

    /** The changed backbone, with its trained tensors by name. */
    Adaptation at(long step, Map<String, Tensor> tensors);

    /** Whether a parameter takes part in a step. */
    default boolean trains(long step, String name) {
      return true;
    }
  }

  /** Computes the backbone's features of the inputs. */
  Distillation(Backbone backbone, List<? extends Input> inputs, Workers workers, DistillOptions options) {
    this.backbone = backbone;
    this.workers = workers;
    this.options = options;
    rows = backbone.prepare(inputs);
    try (TensorScope scope = TensorScope.inference()) {
      features = Tensors.toFloats(torch.normalize(
          new FeatureCache(backbone, workers, 0).features(inputs, FeatureCache.Frozen.BACKBONE)));
    }
  }

  /** Trains the parameters in place. */
  void train(Parameters parameters, Student student, ShrinkProgress progress) {
    OptimiserOptions rates = OptimiserOptions.adamW(options.rate());
    try (TensorOwner owner = new TensorOwner()) {
      var gradients = new ArrayList<Tensor>();
      var leaves = new ArrayList<Map<String, Tensor>>();
      Optimiser optimiser;
      try (TensorScope scope = TensorScope.inference()) {
        for (int worker = 0; worker < workers.size(); worker++) {
          gradients.add(owner.keep(Tensors.zeros(parameters.size())));
          leaves.add(parameters.leaves(gradients.get(worker), owner));
        }
        optimiser = rates.of(parameters.size());
      }
      try (optimiser) {
        for (long step = 0; step < options.steps(); step++) {
          try (TensorScope scope = TensorScope.inference()) {
            Tensor gradient = gradient(step, student, gradients, leaves);
            Tensor before = parameters.values().clone();
            optimiser.step(parameters.values(), gradient, rates.rateAt(step, options.steps()));
            for (String name : parameters.names()) {
              if (!student.trains(step, name)) {
                parameters.view(parameters.values(), name).copy_(parameters.view(before, name));
              }
            }
          }
          progress.at("retraining", step + 1, options.steps());
        }
      }
    }
  }

  private Tensor gradient(long step, Student student, List<Tensor> gradients, List<Map<String, Tensor>> leaves) {
    int[] chosen = batch(step);
    int shards = Math.min(workers.size(), chosen.length);
    var tasks = new ArrayList<Callable<Tensor>>();
    for (int worker = 0; worker < shards; worker++) {
      int shard = worker;
      tasks.add(() -> {
        int from = chosen.length * shard / shards;
        int to = chosen.length * (shard + 1) / shards;
        var batch = new ArrayList<Row>();
        int width = backbone.width();
        float[] wanted = new float[(to - from) * width];
        for (int i = from; i < to; i++) {
          batch.add(rows.get(chosen[i]));
          System.arraycopy(features, chosen[i] * width, wanted, (i - from) * width, width);
        }
        try (TensorScope scope = TensorScope.training()) {
          gradients.get(shard).zero_();
          Tensor found = Calibration.features(backbone, batch, student.at(step, leaves.get(shard)));
          found.sub(Tensors.floats(wanted, to - from, width)).square().sum()
              .div(Tensors.floats(new float[] {chosen.length})).sum().backward();
          return gradients.get(shard);
        }
      });
    }
    List<Tensor> parts = workers.run(tasks);
    Tensor sum = parts.getFirst();
    for (Tensor part : parts.subList(1, parts.size())) {
      sum.add_(part);
    }
    return sum;
  }

  /** The rows of a step: all of them in random order, and again in another. */
  private int[] batch(long step) {
    int size = Math.min(options.batch(), rows.size());
    long batches = rows.size() / size;
    int[] order = CounterRandom.of(options.seed(), ORDER, step / batches).permutation(rows.size());
    int[] chosen = new int[size];
    System.arraycopy(order, (int) (step % batches) * size, chosen, 0, size);
    return chosen;
  }
}
