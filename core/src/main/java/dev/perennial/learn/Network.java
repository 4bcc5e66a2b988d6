package dev.perennial.learn;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.backbone.TrainedPass;
import dev.perennial.brick.Brick;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Exchange;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A backbone with what is trained on it: a brick, or its own weights where it is not frozen.
 *
 * <p>Blocks below the lowest brick are computed once for an input and kept in the feature cache.
 */
final class Network {

  /** Rows of a batch for inference, which pad less when they are few. */
  private static final int INFERENCE_BATCH = 32;

  private final Backbone backbone;
  private final FeatureCache cache;
  private final Workers workers;
  private final @Nullable Brick brick;
  private final int lowestBlock;
  private final Exchange exchange;

  /**
   * Part of a batch.
   *
   * @param positions which of the batch's rows a worker has, in the order in which the worker has them
   * @param rows those rows
   * @param states their state where the trained part begins; none where that is the entrance
   */
  record Shard(int[] positions, List<Row> rows, float[][] states) {}

  Network(Backbone backbone, FeatureCache cache, Workers workers, @Nullable Brick brick) {
    this(backbone, cache, workers, brick, Exchange.ALONE);
  }

  Network(Backbone backbone, FeatureCache cache, Workers workers, @Nullable Brick brick, Exchange exchange) {
    this.exchange = exchange;
    this.backbone = backbone;
    this.cache = cache;
    this.workers = workers;
    this.brick = brick;
    this.lowestBlock = brick == null ? 0 : brick.lowestBlock();
  }

  /** Adds what is trained, at its initial values. */
  void initialise(Parameters parameters, CounterRandom random) {
    if (brick == null) {
      backbone.initialise(parameters);
    } else {
      brick.initialise(parameters, random);
    }
  }

  int width() {
    return backbone.width();
  }

  Workers workers() {
    return workers;
  }

  Exchange exchange() {
    return exchange;
  }

  /** Pieces that a batch is cut into. */
  int lanes() {
    return exchange.lanes(workers.size());
  }

  /**
   * Cuts a batch into at most one shard for each lane, of about equal work and at least one row; short rows together,
   * so that they pad less.
   */
  List<Shard> shards(List<Example> batch) {
    List<Input> inputs = batch.stream().map(Example::input).toList();
    List<Row> rows = rows(inputs);
    float[][] states = lowestBlock > 0
        ? cache.states(inputs, FeatureCache.Frozen.BACKBONE, lowestBlock)
        : new float[0][];
    int lanes = lanes();
    if (lanes == 1) {
      return List.of(new Shard(IntStream.range(0, rows.size()).toArray(), rows, states));
    }
    var order = new ArrayList<Integer>();
    long total = 0;
    for (int i = 0; i < rows.size(); i++) {
      order.add(i);
      total += rows.get(i).length();
    }
    order.sort(Comparator.comparingInt(i -> rows.get(i).length()));
    var shards = new ArrayList<Shard>();
    int start = 0;
    long done = 0;
    for (int lane = 1; lane <= lanes; lane++) {
      int end = start;
      while (end < order.size()) {
        int length = rows.get(order.get(end)).length();
        // A row belongs to the lane in whose part of the whole its middle lies.
        if (lane < lanes && (2 * done + length) * lanes > 2 * total * lane) {
          break;
        }
        done += length;
        end++;
      }
      if (end > start) {
        shards.add(shard(order.subList(start, end), rows, states));
      }
      start = end;
    }
    return shards;
  }

  /** Inputs as the backbone takes them. Texts' tokens were found when they were registered. */
  private List<Row> rows(List<? extends Input> inputs) {
    return brick == null ? backbone.prepare(inputs) : inputs.stream().map(cache::row).toList();
  }

  private Shard shard(List<Integer> members, List<Row> rows, float[][] states) {
    int[] positions = members.stream().mapToInt(Integer::intValue).toArray();
    var own = new ArrayList<Row>(positions.length);
    for (int position : positions) {
      own.add(rows.get(position));
    }
    float[][] ownStates = lowestBlock > 0
        ? members.stream().map(row -> states[row]).toArray(float[][]::new)
        : new float[0][];
    return new Shard(positions, own, ownStates);
  }

  /** A shard's rows on their way through trained weights; null where gradients have to be recorded. */
  @Nullable TrainedPass trainedPass(Shard shard, Map<String, Tensor> tensors) {
    return brick == null ? backbone.trainedPass(shard.rows, tensors) : null;
  }

  /**
   * Features of a shard's rows, {@code [shard rows, width]}, with the trained tensors taken from {@code tensors}.
   *
   * @param noise decides what dropout drops; null where nothing is dropped
   * @param part which shard of the batch it is, from 0
   */
  Tensor features(Shard shard, Map<String, Tensor> tensors, @Nullable CounterRandom noise, int part) {
    Pass pass = backbone.pass(shard.rows);
    Adaptation adaptation = brick == null || noise == null ? adaptation(tensors) : brick.training(tensors, noise, part);
    Tensor state = lowestBlock > 0 ? pass.join(shard.states) : pass.start(adaptation);
    return pass.pool(pass.advance(state, lowestBlock, backbone.blocks(), adaptation));
  }

  /** Features of any number of inputs with the parameters as they are, {@code [inputs, width]}, without gradients. */
  Tensor features(List<? extends Input> inputs, Parameters parameters) {
    if (brick != null) {
      cache.register(inputs);
    }
    List<Row> rows = rows(inputs);
    var order = new ArrayList<Integer>();
    for (int i = 0; i < inputs.size(); i++) {
      order.add(i);
    }
    order.sort(Comparator.comparingInt(i -> rows.get(i).length()));
    float[][] states = lowestBlock > 0
        ? cache.states(inputs, FeatureCache.Frozen.BACKBONE, lowestBlock)
        : new float[0][];
    float[] all = new float[inputs.size() * width()];
    var tasks = new ArrayList<Callable<Integer>>();
    for (int end = order.size(); end > 0; end -= INFERENCE_BATCH) {
      List<Integer> batch = order.subList(Math.max(0, end - INFERENCE_BATCH), end);
      tasks.add(() -> {
        try (TensorScope scope = TensorScope.inference()) {
          var shard = new Shard(new int[0], batch.stream().map(rows::get).toList(),
              lowestBlock > 0 ? batch.stream().map(i -> states[i]).toArray(float[][]::new) : states);
          TrainedPass own = trainedPass(shard, parameters.views());
          float[] pooled = Tensors.toFloats(
              own == null ? features(shard, parameters.views(), null, 0) : own.features());
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
    return brick == null ? Adaptation.ofWeights(tensors) : brick.adaptation(tensors);
  }
}
