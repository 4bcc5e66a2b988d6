package dev.perennial.learn;

import dev.perennial.backbone.TrainedPass;
import dev.perennial.brick.GrowingHead;
import dev.perennial.data.Example;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Gradient steps of which every worker computes a part.
 *
 * <p>A batch's loss is a sum over its rows, divided by their number. So each lane differentiates the sum over its own
 * rows, with leaves of its own, and the parts are added in an order that is always the same: the same bits every time. A
 * lane is a worker of one learner, or belongs to one of several replicas.
 */
final class Trainer implements AutoCloseable {

  /** The name of the head's rows among the parameters. */
  static final String HEAD = "head.weight";

  private final Network network;
  private final GrowingHead head;
  private final TensorOwner owner = new TensorOwner();
  /** By lane, those that this replica owns. */
  private final TreeMap<Integer, Share> shares = new TreeMap<>();

  /**
   * What a worker computes with.
   *
   * @param gradient flat
   * @param leaves what it takes gradients with respect to; what they gather is the gradient
   * @param values views of the parameters, by name, which record nothing
   * @param gradients views of the gradient, by name
   */
  private record Share(
      Tensor gradient, Map<String, Tensor> leaves, Map<String, Tensor> values, Map<String, Tensor> gradients) {}

  /** The loss of one worker's rows: a scalar, the sum over them divided by the rows of the whole batch. */
  @FunctionalInterface
  interface ShardLoss {

    /**
     * @param features {@code [shard rows, width]}
     * @param logits {@code [shard rows, outputs]}
     * @param leaves what gradients are taken with respect to, by name
     * @param rows which rows of the batch these are
     */
    Tensor of(Tensor features, Tensor logits, Map<String, Tensor> leaves, int[] rows);
  }

  /** For a network below a head, and parameters as they are laid out now. */
  Trainer(Network network, GrowingHead head, Parameters parameters) {
    this.network = network;
    this.head = head;
    try (TensorScope scope = TensorScope.inference()) {
      for (int lane = 0; lane < network.lanes(); lane++) {
        if (!network.exchange().owns(lane)) {
          continue;
        }
        Tensor gradient = owner.keep(Tensors.zeros(parameters.size()));
        Map<String, Tensor> values = parameters.views();
        values.values().forEach(owner::keep);
        Map<String, Tensor> gradients = parameters.views(gradient);
        gradients.values().forEach(owner::keep);
        shares.put(lane, new Share(gradient, parameters.leaves(gradient, owner), values, gradients));
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
    var parts = new TreeMap<Integer, Tensor>();
    shares.headMap(shards.size()).forEach((lane, share) -> {
      parts.put(lane, share.gradient);
      tasks.add(() -> {
        try (TensorScope scope = TensorScope.training()) {
          return gradient(shards.get(lane), share, noise, lane, loss);
        }
      });
    });
    if (!tasks.isEmpty()) {
      network.workers().run(tasks);
    }
    Tensor sum = shares.firstEntry().getValue().gradient;
    network.exchange().sum(parts, sum);
    return sum;
  }

  private Tensor gradient(
      Network.Shard shard, Share share, @Nullable CounterRandom noise, int part, ShardLoss loss) {
    share.gradient.zero_();
    TrainedPass pass = network.trainedPass(shard, share.values);
    if (pass == null) {
      Tensor features = network.features(shard, share.leaves, noise, part);
      Tensor logits = head.logits(features, rows(share.leaves));
      loss.of(features, logits, share.leaves, shard.positions()).backward();
      return share.gradient;
    }
    // What is recorded begins with the features and the logits; below them gradients are taken by hand.
    Tensor features = pass.features();
    Tensor logits = head.logits(features, rows(share.values)).set_requires_grad(true);
    features.set_requires_grad(true);
    loss.of(features, logits, share.leaves, shard.positions()).backward();
    try (TensorScope scope = TensorScope.inference()) {
      Tensor ofFeatures = features.grad();
      Tensor ofLogits = logits.grad();
      if (ofLogits.defined()) {
        Tensor byLogits = head.addGradients(ofLogits, features, rows(share.values), rows(share.gradients));
        ofFeatures = ofFeatures.defined() ? byLogits.add_(ofFeatures) : byLogits;
      }
      if (ofFeatures.defined()) {
        pass.addGradients(ofFeatures, share.gradients);
      }
    }
    return share.gradient;
  }

  private static Tensor rows(Map<String, Tensor> tensors) {
    return Objects.requireNonNull(tensors.get(HEAD), HEAD);
  }

  @Override
  public void close() {
    owner.close();
  }
}
