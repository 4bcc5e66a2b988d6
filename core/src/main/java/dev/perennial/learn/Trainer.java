package dev.perennial.learn;

import dev.perennial.data.Example;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Gradient steps of which every worker computes a part.
 *
 * <p>A batch's loss is a sum over its rows, divided by their number. So each worker differentiates the sum over its own
 * rows, with leaves of its own, and the parts are added in the order of the workers: the same bits every time.
 */
final class Trainer implements AutoCloseable {

  private final Network network;
  private final Parameters parameters;
  private final TensorOwner owner = new TensorOwner();
  private final List<Tensor> gradients = new ArrayList<>();

  /** The loss of one worker's rows: a scalar, the sum over them divided by the rows of the whole batch. */
  @FunctionalInterface
  interface ShardLoss {

    /**
     * @param features {@code [shard rows, width]}
     * @param leaves what gradients are taken with respect to, by name
     * @param rows which rows of the batch these are
     */
    Tensor of(Tensor features, Map<String, Tensor> leaves, int[] rows);
  }

  Trainer(Network network, Parameters parameters) {
    this.network = network;
    this.parameters = parameters;
    try (TensorScope scope = TensorScope.inference()) {
      for (int i = 0; i < network.workers().size(); i++) {
        gradients.add(owner.keep(Tensors.zeros(parameters.size())));
      }
    }
  }

  /**
   * The gradient of a batch's loss, flat as the parameters are. It is valid until the next call.
   *
   * @param batch at least one row
   * @param noise decides what dropout drops; null where nothing is dropped
   */
  Tensor gradient(List<Example> batch, @Nullable CounterRandom noise, ShardLoss loss) {
    List<Network.Shard> shards = network.shards(batch);
    var tasks = new ArrayList<Callable<Tensor>>();
    for (int i = 0; i < shards.size(); i++) {
      int part = i;
      tasks.add(() -> {
        try (TensorScope scope = TensorScope.training()) {
          Map<String, Tensor> leaves = parameters.leaves();
          Network.Shard shard = shards.get(part);
          loss.of(network.features(batch, shard, leaves, noise, part), leaves, shard.rows()).backward();
          try (TensorScope copying = TensorScope.inference()) {
            parameters.gatherGradients(leaves, gradients.get(part));
          }
          return gradients.get(part);
        }
      });
    }
    Tensor sum = gradients.getFirst();
    for (Tensor part : network.workers().run(tasks)) {
      if (part != sum) {
        sum.add_(part);
      }
    }
    return sum;
  }

  @Override
  public void close() {
    owner.close();
  }
}
