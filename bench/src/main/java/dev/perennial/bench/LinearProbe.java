package dev.perennial.bench;

import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Example;
import dev.perennial.learn.Optimiser;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A linear head on the frozen features of a backbone: multinomial logistic regression. */
final class LinearProbe {

  private static final int EPOCHS = 20;
  private static final int BATCH = 128;
  private static final OptimiserOptions OPTIMISATION = OptimiserOptions.adamW(0.02);

  private LinearProbe() {}

  /** Trains it: twenty epochs of AdamW, rows of a batch drawn by the seed. */
  static SavedBrick.Head train(List<Example> rows, FeatureCache cache, long seed) {
    List<String> classes = rows.stream().map(Example::label).distinct().toList();
    Map<String, Integer> places = new HashMap<>();
    classes.forEach(name -> places.put(name, places.size()));
    long[] labels = rows.stream().mapToLong(row -> places.getOrDefault(row.label(), 0)).toArray();
    try (var owner = new TensorOwner(); TensorScope scope = TensorScope.inference()) {
      Tensor features = cache.features(rows.stream().map(Example::input).toList(), FeatureCache.Frozen.BACKBONE);
      Tensor inputs = Tensors.concat(1, features, Tensors.zeros(rows.size(), 1).add(new Scalar(1)));
      long width = inputs.size(1);
      Tensor weight = owner.keep(Tensors.zeros(width * classes.size()));
      long perEpoch = Math.ceilDiv(rows.size(), BATCH);
      try (Optimiser optimiser = OPTIMISATION.of(weight.numel())) {
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
          int[] order = CounterRandom.of(seed, 83, epoch).permutation(rows.size());
          for (int batch = 0; batch < perEpoch; batch++) {
            int from = batch * BATCH;
            long[] own = Arrays.stream(order, from, Math.min(from + BATCH, rows.size())).asLongStream().toArray();
            try (TensorScope step = TensorScope.inference()) {
              Tensor x = Tensors.rows(inputs, own);
              Tensor excess = torch.softmax(torch.mm(x, weight.view(width, classes.size())), 1);
              long[] flat = new long[own.length];
              for (int i = 0; i < own.length; i++) {
                flat[i] = i * (long) classes.size() + labels[(int) own[i]];
              }
              excess.view(-1).index_add_(0, Tensors.longs(flat, flat.length), Tensors.zeros(flat.length).sub(new Scalar(1)));
              Tensor gradient = torch.mm(x.t(), excess).div(new Scalar((double) own.length)).reshape(-1);
              optimiser.step(weight, gradient, OPTIMISATION.rateAt(epoch * perEpoch + batch, EPOCHS * perEpoch));
            }
          }
        }
      }
      Tensor map = weight.view(width, classes.size()).t().contiguous();
      return new SavedBrick.Head("linear-head", classes,
          TensorData.of(Tensors.toFloats(map.narrow(1, 0, width - 1)), classes.size(), width - 1),
          TensorData.of(Tensors.toFloats(map.select(1, width - 1)), classes.size()));
    }
  }
}
