package dev.perennial.engine;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.brick.Brick;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Rows of one label each that bricks are measured by, with a head: what share they get right, and at what loss. */
public final class MeasuredRows {

  private static final int BATCH = 64;

  private final Backbone backbone;
  private final Workers workers;
  private final List<Row> inputs;
  private final List<String> labels;

  /**
   * What a brick makes of the rows.
   *
   * @param accuracy share of rows whose label has the highest logit, 0 to 1
   * @param loss mean of {@code -ln softmax(logits)} at the label; infinite where the head does not know a label
   */
  public record Score(double accuracy, double loss) {}

  /**
   * Rows, prepared for a backbone; short texts come together, so that little is padded.
   *
   * @param rows of one label each, at least one
   * @param workers that measure
   */
  public MeasuredRows(List<Example> rows, Backbone backbone, Workers workers) {
    this.backbone = backbone;
    this.workers = workers;
    List<Example> sorted = rows.stream().sorted(Comparator.comparingInt(MeasuredRows::length)).toList();
    inputs = List.copyOf(backbone.prepare(sorted.stream().map(Example::input).toList()));
    labels = sorted.stream().map(Example::label).toList();
  }

  private static int length(Example row) {
    return row.input() instanceof Input.Text(String value) ? value.length() : 0;
  }

  /** How many there are. */
  public int size() {
    return labels.size();
  }

  /** What a brick makes of them with a head, which need not be its own. O(rows). */
  public Score score(SavedBrick brick, SavedBrick.Head head) {
    Brick layout = brick.on(backbone);
    var places = new HashMap<String, Integer>();
    head.classes().forEach(name -> places.put(name, places.size()));
    var batches = new ArrayList<Callable<Score>>();
    for (int from = 0; from < inputs.size(); from += BATCH) {
      int first = from;
      batches.add(() -> sums(brick, layout, head, places, first));
    }
    double right = 0;
    double loss = 0;
    for (Score batch : workers.run(batches)) {
      right += batch.accuracy;
      loss += batch.loss;
    }
    return new Score(right / labels.size(), loss / labels.size());
  }

  /** Accuracy and loss of a batch, summed over its rows. */
  private Score sums(SavedBrick brick, Brick layout, SavedBrick.Head head, Map<String, Integer> places, int from) {
    List<Row> batch = inputs.subList(from, Math.min(from + BATCH, inputs.size()));
    try (TensorScope scope = TensorScope.inference()) {
      Map<String, Tensor> tensors = new HashMap<>();
      brick.tensors().forEach((name, data) -> tensors.put(name, Tensors.copyOf(data)));
      Pass pass = backbone.pass(batch);
      Tensor logits = logits(
          head, pass.pool(pass.advance(pass.start(), 0, backbone.blocks(), layout.adaptation(tensors))));
      long[] found = Tensors.toLongs(logits.argmax(new LongOptional(1), false));
      double[] logarithms = Tensors.toDoubles(torch.log_softmax(logits, 1).to(torch.ScalarType.Double));
      double right = 0;
      double loss = 0;
      for (int row = 0; row < found.length; row++) {
        Integer label = places.get(labels.get(from + row));
        right += label != null && found[row] == label ? 1 : 0;
        loss -= label == null ? Double.NEGATIVE_INFINITY : logarithms[row * head.classes().size() + label];
      }
      return new Score(right, loss);
    }
  }

  /** {@code W f + b}; of a cosine head what orders classes as it does, {@code W f} with rows of length 1. */
  private static Tensor logits(SavedBrick.Head head, Tensor features) {
    Tensor weight = Tensors.copyOf(head.weight());
    TensorData bias = head.bias();
    if (bias == null) {
      Tensor lengths = weight.square().sum(new long[] {1}).sqrt().clamp_min(new Scalar(1e-12));
      return features.mm(weight.div(lengths.unsqueeze(1)).t());
    }
    return features.mm(weight.t()).add(Tensors.copyOf(bias));
  }
}
