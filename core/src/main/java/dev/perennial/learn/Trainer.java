package dev.perennial.learn;

import dev.perennial.data.Example;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bytedeco.pytorch.Tensor;

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
    for (int i = 0; i < network.workers().size(); i++) {
      gradients.add(owner.keep(Tensors.zeros(parameters.size())));
    }
  }

  /** The gradient of a batch's loss, flat as the parameters are. It is valid until the next call. */
  Tensor gradient(List<Example> batch, ShardLoss loss) {
    List<Network.Shard> shards = network.shards(batch);
    var tasks = new ArrayList<Callable<Double>>();
    for (int i = 0; i < shards.size(); i++) {
      Network.Shard shard = shards.get(i);
      Tensor gradient = gradients.get(i);
      tasks.add(() -> {
        try (TensorScope scope = TensorScope.training()) {
          Map<String, Tensor> leaves = parameters.leaves();
          Tensor value = loss.of(network.features(batch, shard, leaves), leaves, shard.rows());
          value.backward();
          try (TensorScope copying = TensorScope.inference()) {
            parameters.gatherGradients(leaves, gradient);
            return value.item_double();
          }
        }
      });
    }
    double total = 0;
    for (double part : network.workers().run(tasks)) {
      total += part;
    }
    lastLoss = total;
    Tensor sum = gradients.getFirst();
    for (int i = 1; i < shards.size(); i++) {
      sum.add_(gradients.get(i));
    }
    return sum;
  }

  private double lastLoss;

  /** The loss of the batch that {@link #gradient} was last called with. */
  double lastLoss() {
    return lastLoss;
  }

  @Override
  public void close() {
    owner.close();
  }
}
