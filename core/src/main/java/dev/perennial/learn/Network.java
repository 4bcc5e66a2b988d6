package dev.perennial.learn;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.brick.Lora;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A backbone with what is trained on it: a LoRA brick, or its own weights where it is not frozen.
 *
 * <p>Blocks below the lowest brick are computed once for an input and kept in the feature cache.
 */
final class Network {

  /** Rows of a batch for inference, which pad less when they are few. */
  private static final int INFERENCE_BATCH = 32;

  private final Backbone backbone;
  private final FeatureCache cache;
  private final Workers workers;
  private final @Nullable Lora lora;
  private final int lowestBlock;

  /** Part of a batch: which of its rows a worker has, in the order in which the worker has them. */
  record Shard(int[] rows, float[][] states) {}

  Network(Backbone backbone, FeatureCache cache, Workers workers, @Nullable Lora lora) {
    this.backbone = backbone;
    this.cache = cache;
    this.workers = workers;
    this.lora = lora;
    this.lowestBlock = lora == null ? 0 : lora.lowestBlock();
  }

  /** Adds what is trained, at its initial values. */
  void initialise(Parameters parameters, CounterRandom random) {
    if (lora == null) {
      backbone.initialise(parameters);
    } else {
      lora.initialise(parameters, random);
    }
  }

  int width() {
    return backbone.width();
  }

  Workers workers() {
    return workers;
  }

  /**
   * Cuts a batch into at most one shard for each worker, of about equal work and at least one row; short rows together,
   * so that they pad less.
   */
  List<Shard> shards(List<Example> batch) {
    List<Input> inputs = batch.stream().map(Example::input).toList();
    float[][] states = lowestBlock > 0
        ? cache.states(inputs, FeatureCache.Frozen.BACKBONE, lowestBlock)
        : new float[0][];
    var order = new ArrayList<Integer>();
    long total = 0;
    for (int i = 0; i < inputs.size(); i++) {
      order.add(i);
      total += cache.row(inputs.get(i)).length();
    }
    order.sort(Comparator.comparingInt(i -> cache.row(inputs.get(i)).length()));
    var shards = new ArrayList<Shard>();
    int start = 0;
    long done = 0;
    for (int worker = 1; worker <= workers.size(); worker++) {
      int end = start;
      while (end < order.size()) {
        int length = cache.row(inputs.get(order.get(end))).length();
        // A row belongs to the worker in whose part of the whole its middle lies.
        if (worker < workers.size() && (2 * done + length) * workers.size() > 2 * total * worker) {
          break;
        }
        done += length;
        end++;
      }
      if (end > start) {
        shards.add(shard(order.subList(start, end), states));
      }
      start = end;
    }
    return shards;
  }

  private Shard shard(List<Integer> members, float[][] states) {
    int[] rows = members.stream().mapToInt(Integer::intValue).toArray();
    float[][] own = lowestBlock > 0
        ? members.stream().map(row -> states[row]).toArray(float[][]::new)
        : new float[0][];
    return new Shard(rows, own);
  }

  /**
   * Features of a shard's rows, {@code [shard rows, width]}, with the trained tensors taken from {@code tensors}.
   *
   * @param noise decides what dropout drops; null where nothing is dropped
   * @param part which shard of the batch it is, from 0
   */
  Tensor features(
      List<Example> batch, Shard shard, Map<String, Tensor> tensors, @Nullable CounterRandom noise, int part) {
    var rows = new ArrayList<Row>();
    for (int row : shard.rows) {
      rows.add(cache.row(batch.get(row).input()));
    }
    Pass pass = backbone.pass(rows);
    Tensor state = lowestBlock > 0 ? pass.join(shard.states) : pass.start();
    Adaptation adaptation = lora == null || noise == null ? adaptation(tensors) : lora.training(tensors, noise, part);
    return pass.pool(pass.advance(state, lowestBlock, backbone.blocks(), adaptation));
  }

  /** Features of any number of inputs with the parameters as they are, {@code [inputs, width]}, without gradients. */
  Tensor features(List<? extends Input> inputs, Parameters parameters) {
    cache.register(inputs);
    var order = new ArrayList<Integer>();
    for (int i = 0; i < inputs.size(); i++) {
      order.add(i);
    }
    order.sort(Comparator.comparingInt(i -> cache.row(inputs.get(i)).length()));
    float[][] states = lowestBlock > 0
        ? cache.states(inputs, FeatureCache.Frozen.BACKBONE, lowestBlock)
        : new float[0][];
    float[] all = new float[inputs.size() * width()];
    var tasks = new ArrayList<Callable<Integer>>();
    for (int end = order.size(); end > 0; end -= INFERENCE_BATCH) {
      List<Integer> batch = order.subList(Math.max(0, end - INFERENCE_BATCH), end);
      tasks.add(() -> {
        try (TensorScope scope = TensorScope.inference()) {
          Pass pass = backbone.pass(batch.stream().map(i -> cache.row(inputs.get(i))).toList());
          Tensor state = lowestBlock > 0
              ? pass.join(batch.stream().map(i -> states[i]).toArray(float[][]::new))
              : pass.start();
          float[] pooled = Tensors.toFloats(
              pass.pool(pass.advance(state, lowestBlock, backbone.blocks(), adaptation(parameters.views()))));
          for (int i = 0; i < batch.size(); i++) {
            System.arraycopy(pooled, i * width(), all, batch.get(i) * width(), width());
          }
          return batch.size();
        }
      });
    }
    workers.run(tasks);
    return Tensors.floats(all, inputs.size(), width());
  }

  /** What acts on the backbone, with the trained tensors taken from {@code tensors}. */
  Adaptation adaptation(Map<String, Tensor> tensors) {
    return lora == null ? Adaptation.ofWeights(tensors) : lora.adaptation(tensors);
  }
}
