package dev.perennial.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.TinyBert;
import dev.perennial.brick.Brick;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class ParentTasksTest {

  private static final List<String> TEXTS = List.of("a", "b c", "d d e", "e a", "c", "b b a", "d", "e e c");

  private static float[] normal(int use, int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) CounterRandom.of(6, use).gaussian(i);
    }
    return values;
  }

  private static SavedBrick brick(Backbone backbone, int use, SavedBrick.@Nullable Head head) {
    var options = new BrickOptions("lora", new LoraOptions(2, 2, 0, "query|value"));
    Brick brick = options.on(backbone);
    try (var parameters = new Parameters()) {
      brick.initialise(parameters, CounterRandom.of(use));
      var tensors = new HashMap<String, TensorData>();
      parameters.state().forEach((name, data) -> tensors.put(name, TensorData.of(
          normal(use, data.floats().length), data.shape().stream().mapToLong(Long::longValue).toArray())));
      return SavedBrick.of(options, tensors, Map.of(), head, Provenance.of("", 0, "x", "", backbone));
    }
  }

  /** The class of each text by loops over the features. */
  private static List<String> predicted(Backbone backbone, SavedBrick brick, SavedBrick.Head head) {
    var tensors = new HashMap<String, Tensor>();
    brick.tensors().forEach((name, data) -> tensors.put(name, Tensors.copyOf(data)));
    Pass pass = backbone.pass(backbone.prepare(TEXTS.stream().map(Input.Text::new).toList()));
    float[] features = Tensors.toFloats(
        pass.pool(pass.advance(pass.start(), 0, backbone.blocks(), brick.on(backbone).adaptation(tensors))));
    float[] weight = head.weight().floats();
    TensorData bias = head.bias();
    int width = backbone.width();
    var predicted = new ArrayList<String>();
    for (int row = 0; row < TEXTS.size(); row++) {
      int best = 0;
      double most = Double.NEGATIVE_INFINITY;
      for (int k = 0; k < head.classes().size(); k++) {
        double sum = 0;
        double square = 0;
        for (int i = 0; i < width; i++) {
          sum += features[row * width + i] * weight[k * width + i];
          square += weight[k * width + i] * weight[k * width + i];
        }
        double score = bias == null ? sum / Math.sqrt(square) : sum + bias.floats()[k];
        if (score > most) {
          most = score;
          best = k;
        }
      }
      predicted.add(head.classes().get(best));
    }
    return predicted;
  }

  private static List<Example> rows(List<String> labels) {
    var rows = new ArrayList<Example>();
    for (int i = 0; i < labels.size(); i++) {
      rows.add(Example.of(TEXTS.get(i), labels.get(i)));
    }
    return rows;
  }

  @Test
  void score_twoTasks_isTheMeanOfTheSharesThatLoopsFind() {
    try (var workers = new Workers(2); Backbone backbone = TinyBert.backbone(); TensorScope scope = TensorScope.inference()) {
      int width = backbone.width();
      var linear = new SavedBrick.Head("linear-head", List.of("x", "y", "z"),
          TensorData.of(normal(1, 3 * width), 3, width), TensorData.of(new float[] {0.1f, -0.2f, 0.3f}, 3));
      var cosine = new SavedBrick.Head(
          "cosine-head", List.of("y", "u"), TensorData.of(normal(2, 2 * width), 2, width), null);
      SavedBrick one = brick(backbone, 3, linear);
      SavedBrick other = brick(backbone, 4, cosine);
      SavedBrick merged = brick(backbone, 5, null);
      List<String> labels = List.of("x", "y", "z", "u", "y", "x", "nobody", "u");
      var tasks = new ParentTasks(Map.of("one", one, "other", other, "headless", merged), rows(labels), backbone, workers);
      double expected = (share(predicted(backbone, merged, linear), labels, linear)
          + share(predicted(backbone, merged, cosine), labels, cosine)) / 2;
      assertEquals(expected, tasks.score(merged), 1e-12);
      double single = (share(predicted(backbone, one, linear), labels, linear)
          + share(predicted(backbone, other, cosine), labels, cosine)) / 2;
      assertEquals(single, tasks.single(), 1e-12);
      assertTrue(expected > 0 || single > 0);
      var refusal = assertThrows(UsageException.class,
          () -> new ParentTasks(Map.of("headless", merged), rows(labels), backbone, workers));
      assertTrue(Objects.requireNonNull(refusal.getMessage()).contains("headless"));
    }
  }

  @Test
  void score_rows_lossIsTheMeanOfTheLogarithmsThatLoopsFind() {
    try (var workers = new Workers(2); Backbone backbone = TinyBert.backbone(); TensorScope scope = TensorScope.inference()) {
      int width = backbone.width();
      float[] weight = normal(1, 3 * width);
      float[] bias = {0.1f, -0.2f, 0.3f};
      var head = new SavedBrick.Head(
          "linear-head", List.of("x", "y", "z"), TensorData.of(weight, 3, width), TensorData.of(bias, 3));
      SavedBrick brick = brick(backbone, 3, head);
      var examples = new ArrayList<Example>();
      double expected = 0;
      double[] features = features(backbone, brick);
      // More than one batch.
      for (int i = 0; i < 120; i++) {
        int text = i % TEXTS.size();
        int label = i % 3;
        examples.add(Example.of(TEXTS.get(text), head.classes().get(label)));
        double[] logits = new double[3];
        double sum = 0;
        for (int k = 0; k < 3; k++) {
          logits[k] = bias[k];
          for (int j = 0; j < width; j++) {
            logits[k] += weight[k * width + j] * features[text * width + j];
          }
          sum += Math.exp(logits[k]);
        }
        expected -= (logits[label] - Math.log(sum)) / 120;
      }
      MeasuredRows.Score score = new MeasuredRows(examples, backbone, workers).score(brick, head);
      assertEquals(expected, score.loss(), 1e-5);
      var fewer = new SavedBrick.Head("linear-head", List.of("x", "y"), TensorData.of(normal(1, 2 * width), 2, width),
          TensorData.of(new float[2], 2));
      assertEquals(Double.POSITIVE_INFINITY, new MeasuredRows(examples, backbone, workers).score(brick, fewer).loss());
    }
  }

  private static double[] features(Backbone backbone, SavedBrick brick) {
    var tensors = new HashMap<String, Tensor>();
    brick.tensors().forEach((name, data) -> tensors.put(name, Tensors.copyOf(data)));
    Pass pass = backbone.pass(backbone.prepare(TEXTS.stream().map(Input.Text::new).toList()));
    float[] features = Tensors.toFloats(
        pass.pool(pass.advance(pass.start(), 0, backbone.blocks(), brick.on(backbone).adaptation(tensors))));
    double[] doubles = new double[features.length];
    for (int i = 0; i < features.length; i++) {
      doubles[i] = features[i];
    }
    return doubles;
  }

  private static double share(List<String> predicted, List<String> labels, SavedBrick.Head head) {
    int right = 0;
    int all = 0;
    for (int i = 0; i < labels.size(); i++) {
      if (head.classes().contains(labels.get(i))) {
        all++;
        right += predicted.get(i).equals(labels.get(i)) ? 1 : 0;
      }
    }
    return (double) right / all;
  }
}
