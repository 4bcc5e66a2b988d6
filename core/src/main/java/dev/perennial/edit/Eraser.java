package dev.perennial.edit;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Row;
import dev.perennial.brick.Brick;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Input;
import dev.perennial.learn.Optimiser;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/*
 * One-dimensional Adapter to Rule Them All: Concepts, Diffusion Models and Erasing Applications (arXiv 2312.16145), for
 * features f of texts in the place of what a diffusion model predicts. With f of the model alone, f~ with the brick, and s
 * the surrogate, the mean of f over the anchors:
 *
 *   erasing     |f~(text of the concept) - (s - guidance (f(text of the concept) - s))|²
 *   anchoring   |f~(anchor) - f(anchor)|²      anchors drawn by (1 - cos(f(anchor), concept))^distance
 *   loss        erasing + anchoring * anchoring loss, means over rows
 *
 * Facilitated transport: a text goes through the bricks of those concepts alone whose mean its own f is near to.
 */
/** Erasing of concepts from a model by bricks of one dimension, which can be combined. */
public final class Eraser implements AutoCloseable {

  private final TensorOwner owner = new TensorOwner();
  private final @Nullable SavedBrick parent;
  private final Backbone backbone;
  private final EraserOptions options;
  private final Adaptation alone;

  /**
   * An eraser for a backbone with a brick, or without one.
   *
   * @param parent the brick with which the concept was learned; null for the backbone alone
   */
  public Eraser(@Nullable SavedBrick parent, Backbone backbone, EraserOptions options) {
    this.parent = parent;
    this.backbone = backbone;
    this.options = options;
    if (parent == null) {
      alone = Adaptation.NONE;
    } else {
      Brick brick = parent.on(backbone);
      Map<String, Tensor> tensors = Passes.tensors(parent, owner);
      alone = Adaptation.forEachPass(brick.lowestBlock(), () -> brick.adaptation(tensors));
    }
  }

  /**
   * Trains the brick that erases a concept.
   *
   * @param concept texts of the concept, at least one
   * @param anchors texts of all else, at least one
   * @param step told the number of steps taken
   * @return a brick that acts with its parent, whose head it has
   * @throws UsageException if there are no texts or no anchors
   */
  public SavedBrick erase(List<String> concept, List<String> anchors, dev.perennial.brick.Provenance provenance,
      IntConsumer step) {
    if (concept.isEmpty() || anchors.isEmpty()) {
      throw new UsageException("expected texts of the concept to erase and of others to anchor by, got " + concept.size()
          + " and " + anchors.size());
    }
    var layout = new BrickOptions(EraserBrick.NAME, new LoraOptions(1, 1, 0, options.sites()));
    Brick brick = layout.on(backbone);
    List<Row> texts = rows(concept);
    List<Row> others = rows(anchors);
    try (var parameters = new Parameters(); var own = new TensorOwner(); TensorScope outer = TensorScope.inference()) {
      brick.initialise(parameters, CounterRandom.of(options.seed()));
      Tensor mean = own.keep(features(texts, alone).mean(0));
      Tensor before = own.keep(features(others, alone));
      Tensor surrogate = own.keep(before.mean(0));
      double[] weights = weights(before, mean);
      Tensor gradient = own.keep(Tensors.zeros(parameters.size()));
      Map<String, Tensor> leaves = parameters.leaves(gradient, own);
      var optimisation = OptimiserOptions.adamW(options.rate());
      try (Optimiser optimiser = optimisation.of(parameters.size())) {
        for (int i = 0; i < options.steps(); i++) {
          gradient.zero_();
          try (TensorScope scope = TensorScope.training()) {
            loss(brick, leaves, texts, others, surrogate, before, weights, i).backward();
          }
          try (TensorScope scope = TensorScope.inference()) {
            optimiser.step(parameters.values(), gradient, optimisation.rateAt(i, options.steps()));
          }
          step.accept(i + 1);
        }
      }
      var tensors = new HashMap<String, TensorData>();
      parameters.views().forEach((name, view) -> tensors.put(name, TensorData.of(Tensors.toFloats(view), view.shape())));
      return SavedBrick.of(layout, tensors,
          Map.of(EraserBrick.CONCEPT, TensorData.of(Tensors.toFloats(mean), backbone.width())),
          parent == null ? null : parent.head().orElse(null), provenance);
    }
  }

  private List<Row> rows(List<String> texts) {
    return backbone.prepare(texts.stream().<Input>map(Input.Text::new).toList());
  }

  /** Features of any number of rows, without gradients, in the open scope. */
  private Tensor features(List<Row> rows, Adaptation adaptation) {
    var parts = new ArrayList<Tensor>();
    for (int from = 0; from < rows.size(); from += 32) {
      try (TensorScope scope = TensorScope.inference()) {
        parts.add(scope.leave(Passes.features(
            backbone, rows.subList(from, Math.min(rows.size(), from + 32)), adaptation.forPass())));
      }
    }
    return Tensors.concat(0, parts.toArray(new Tensor[0]));
  }

  /** By how much each anchor is drawn, summed up from the first on; the last is 1. */
  private double[] weights(Tensor anchors, Tensor concept) {
    double[] cosines = cosines(anchors, concept);
    double[] sums = new double[cosines.length];
    double sum = 0;
    for (int i = 0; i < sums.length; i++) {
      sum += Math.pow(Math.max(0, 1 - cosines[i]), options.distance()) + Double.MIN_NORMAL;
      sums[i] = sum;
    }
    for (int i = 0; i < sums.length; i++) {
      sums[i] /= sum;
    }
    return sums;
  }

  private static double[] cosines(Tensor rows, Tensor concept) {
    return Tensors.toDoubles(torch.mm(torch.normalize(rows), torch.normalize(concept.unsqueeze(0)).t()).squeeze(1));
  }

  private Tensor loss(Brick brick, Map<String, Tensor> leaves, List<Row> texts, List<Row> others, Tensor surrogate,
      Tensor before, double[] weights, int step) {
    Adaptation with = Adaptation.together(List.of(alone.forPass(), brick.adaptation(leaves)));
    int count = Math.min(options.batch(), texts.size());
    int perEpoch = Math.ceilDiv(texts.size(), count);
    int[] order = CounterRandom.of(options.seed(), 1, step / perEpoch).permutation(texts.size());
    int from = step % perEpoch * count;
    List<Row> own = Arrays.stream(order, from, Math.min(texts.size(), from + count)).mapToObj(texts::get).toList();
    var random = CounterRandom.of(options.seed(), 2, step);
    long[] drawn = new long[options.batch()];
    for (int i = 0; i < drawn.length; i++) {
      int place = Arrays.binarySearch(weights, random.uniform(i));
      drawn[i] = Math.min(weights.length - 1, place < 0 ? -place - 1 : place);
    }
    List<Row> anchors = Arrays.stream(drawn).mapToObj(place -> others.get((int) place)).toList();
    Tensor target = surrogate.unsqueeze(0);
    if (options.guidance() > 0) {
      target = target.sub(features(own, alone).sub(target), new Scalar(options.guidance()));
    }
    Tensor erasing = Passes.features(backbone, own, with).sub(target).square().sum(1).mean();
    Tensor anchoring =
        Passes.features(backbone, anchors, with).sub(Tensors.rows(before, drawn)).square().sum(1).mean();
    return erasing.add(anchoring, new Scalar(options.anchoring()));
  }

  /**
   * Features of texts with erasers acting, each on the texts that are near to its concept: {@code [texts, width]}, in the
   * open scope.
   */
  public Tensor features(List<String> texts, List<SavedBrick> erasers) {
    List<Row> rows = rows(texts);
    Tensor plain = features(rows, alone);
    var parts = new ArrayList<Tensor>();
    try (var own = new TensorOwner()) {
      var adaptations = new ArrayList<Adaptation>();
      var near = new ArrayList<double[]>();
      for (SavedBrick eraser : erasers) {
        Map<String, Tensor> tensors = Passes.tensors(eraser, own);
        adaptations.add(eraser.on(backbone).adaptation(tensors));
        TensorData concept = eraser.fixed().get(EraserBrick.CONCEPT);
        if (concept == null) {
          throw new UsageException("expected erasers, got a brick of kind " + eraser.options().brick());
        }
        near.add(cosines(plain, Tensors.copyOf(concept)));
      }
      for (int row = 0; row < rows.size(); row++) {
        var acting = new ArrayList<>(List.of(alone.forPass()));
        for (int i = 0; i < adaptations.size(); i++) {
          if (near.get(i)[row] >= options.permeable()) {
            acting.add(adaptations.get(i));
          }
        }
        parts.add(acting.size() == 1
            ? plain.narrow(0, row, 1)
            : Passes.features(backbone, rows.subList(row, row + 1), Adaptation.together(acting)));
      }
      return Tensors.concat(0, parts.toArray(new Tensor[0]));
    }
  }

  /**
   * The label that a head gives to each text, with erasers acting.
   *
   * @param head of the parent
   */
  public List<String> predict(List<String> texts, List<SavedBrick> erasers, SavedBrick.Head head) {
    try (var readout = new Readout(head); TensorScope scope = TensorScope.inference()) {
      Tensor logits = readout.logits(readout.outputs(features(texts, erasers)));
      return Arrays.stream(Tensors.toLongs(logits.argmax(new org.bytedeco.pytorch.LongOptional(1), false)))
          .mapToObj(place -> head.classes().get((int) place)).toList();
    }
  }

  @Override
  public void close() {
    owner.close();
  }
}
