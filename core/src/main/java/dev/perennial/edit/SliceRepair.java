package dev.perennial.edit;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Row;
import dev.perennial.backbone.Site;
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
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/*
 * IRepair: An Intent-Aware Approach to Repair Data-Driven Errors in Large Language Models (arXiv 2502.07072). At each step
 *
 *   g = gradient of the repair's loss, the mean cross-entropy of edits, over the weights of all blocks
 *   sensitivity of block b = √(sum g_b² / numbers of b)
 *   the most sensitive blocks, the slice, take a step against g + keep * gradient of KL(before | now) on texts to keep
 *
 * and all others stay as they are; the next step slices anew.
 */
/** Repair of few blocks: those that an error comes from, chosen anew at each step. */
public final class SliceRepair {

  private final SavedBrick parent;
  private final SavedBrick.Head head;
  private final Backbone backbone;
  private final SliceRepairOptions options;
  private final Brick own;
  private final Brick before;

  /**
   * A repair of a brick with its head.
   *
   * @throws UsageException if the brick is no change of weights, or has no head
   */
  public SliceRepair(SavedBrick parent, Backbone backbone, SliceRepairOptions options) {
    this.parent = parent;
    this.backbone = backbone;
    this.options = options;
    head = parent.head().orElseThrow(() -> new UsageException(
        "expected a brick with a head to repair, got one without: export it with the head that it was learned with"));
    before = parent.on(backbone);
    own = layout(options.sites());
  }

  private Brick layout(String sites) {
    return new BrickOptions("delta", new LoraOptions(8, 16, 0, sites)).on(backbone);
  }

  /**
   * Repairs.
   *
   * @param edits at least one
   * @param keep texts whose answers should stay; none for no such term
   * @param step told the number of steps taken
   * @return the brick and the repair as one, a difference of whole weights at the sites of both, with the head
   */
  public SavedBrick repair(List<Edit> edits, List<String> keep, IntConsumer step) {
    long[] labels = Labels.of(edits, head.classes());
    List<Row> rows = rows(edits.stream().map(Edit::text).toList());
    List<Row> kept = rows(keep);
    try (var owner = new TensorOwner(); var parameters = new Parameters(); var readout = new Readout(head)) {
      own.initialise(parameters, CounterRandom.of(options.seed()));
      Map<String, Tensor> tensors = Passes.tensors(parent, owner);
      Tensor gradient;
      Tensor other;
      Optimiser optimiser;
      var optimisation = new OptimiserOptions(
          OptimiserOptions.Kind.ADAMW, options.rate(), 0, OptimiserOptions.Schedule.CONSTANT, 0, 0);
      try (TensorScope scope = TensorScope.inference()) {
        gradient = owner.keep(Tensors.zeros(parameters.size()));
        other = owner.keep(Tensors.zeros(parameters.size()));
        optimiser = optimisation.of(parameters.size());
      }
      Map<String, Tensor> leaves = parameters.leaves(gradient, owner);
      Map<String, Tensor> otherLeaves = parameters.leaves(other, owner);
      try (optimiser) {
        for (int i = 0; i < options.steps() && !holds(rows, labels, tensors, parameters, readout); i++) {
          int[] batch = batch(rows.size(), i, 1);
          gradient.zero_();
          other.zero_();
          try (TensorScope scope = TensorScope.training()) {
            loss(readout, chosen(rows, batch), java.util.Arrays.stream(batch).mapToLong(row -> labels[row]).toArray(),
                together(tensors, leaves)).backward();
          }
          if (!kept.isEmpty() && options.keep() > 0) {
            try (TensorScope scope = TensorScope.training()) {
              divergence(readout, chosen(kept, batch(kept.size(), i, 2)), tensors, otherLeaves).backward();
            }
          }
          try (TensorScope scope = TensorScope.inference()) {
            Tensor mask = mask(parameters, slice(parameters, gradient));
            Tensors.addScaled(gradient, other, options.keep());
            optimiser.renew(mask);
            optimiser.step(parameters.values(), gradient.mul(mask), options.rate());
          }
          step.accept(i + 1);
        }
      }
      try (TensorScope scope = TensorScope.inference()) {
        return merged(tensors, parameters);
      }
    }
  }

  private List<Row> rows(List<String> texts) {
    return backbone.prepare(texts.stream().<Input>map(Input.Text::new).toList());
  }

  private int[] batch(int rows, int step, int use) {
    int size = Math.min(rows, options.batch());
    int perEpoch = Math.ceilDiv(rows, size);
    int[] order = CounterRandom.of(options.seed(), use, step / perEpoch).permutation(rows);
    int from = step % perEpoch * size;
    return java.util.Arrays.copyOfRange(order, from, Math.min(rows, from + size));
  }

  private static List<Row> chosen(List<Row> rows, int[] places) {
    return java.util.Arrays.stream(places).mapToObj(rows::get).toList();
  }

  private Adaptation together(Map<String, Tensor> tensors, Map<String, Tensor> repair) {
    return Adaptation.together(List.of(before.adaptation(tensors), own.adaptation(repair)));
  }

  private Tensor loss(Readout readout, List<Row> rows, long[] labels, Adaptation adaptation) {
    Tensor logits = readout.logits(readout.outputs(Passes.features(backbone, rows, adaptation)));
    return torch.cross_entropy_loss(
        logits, Tensors.longs(labels, labels.length), new TensorOptional(), 1, -100, 0);
  }

  private Tensor divergence(
      Readout readout, List<Row> rows, Map<String, Tensor> tensors, Map<String, Tensor> repair) {
    Tensor now = torch.log_softmax(
        readout.logits(readout.outputs(Passes.features(backbone, rows, together(tensors, repair)))), 1);
    Tensor then;
    try (TensorScope scope = TensorScope.inference()) {
      then = scope.leave(torch.softmax(
          readout.logits(readout.outputs(Passes.features(backbone, rows, before.adaptation(tensors)))), 1));
    }
    return now.mul(then).sum().neg().div(new org.bytedeco.pytorch.Scalar((double) rows.size()));
  }

  private boolean holds(
      List<Row> rows, long[] labels, Map<String, Tensor> tensors, Parameters parameters, Readout readout) {
    for (int from = 0; from < rows.size(); from += 64) {
      int to = Math.min(rows.size(), from + 64);
      try (TensorScope scope = TensorScope.inference()) {
        Tensor logits = readout.logits(readout.outputs(
            Passes.features(backbone, rows.subList(from, to), together(tensors, parameters.views()))));
        long[] found = Tensors.toLongs(logits.argmax(new org.bytedeco.pytorch.LongOptional(1), false));
        for (int i = from; i < to; i++) {
          if (found[i - from] != labels[i]) {
            return false;
          }
        }
      }
    }
    return true;
  }

  /** The root of the mean square of each block's gradient, by block. */
  Map<Integer, Double> sensitivities(Parameters parameters, Tensor gradient) {
    var squares = new TreeMap<Integer, double[]>();
    for (Site site : own.sites()) {
      Tensor of = parameters.view(gradient, name(site));
      double[] sum = squares.computeIfAbsent(site.block(), block -> new double[2]);
      sum[0] += of.square().sum().item_double();
      sum[1] += of.numel();
    }
    var sensitivities = new TreeMap<Integer, Double>();
    squares.forEach((block, sum) -> sensitivities.put(block, Math.sqrt(sum[0] / sum[1])));
    return sensitivities;
  }

  /** The most sensitive blocks. */
  List<Integer> slice(Parameters parameters, Tensor gradient) {
    Map<Integer, Double> sensitivities = sensitivities(parameters, gradient);
    long count = Math.max(1, (long) Math.ceil(options.slice() * sensitivities.size() - 1e-9));
    return sensitivities.entrySet().stream()
        .sorted(Map.Entry.<Integer, Double>comparingByValue(Comparator.reverseOrder()))
        .limit(count).map(Map.Entry::getKey).toList();
  }

  private Tensor mask(Parameters parameters, List<Integer> blocks) {
    Tensor mask = Tensors.zeros(parameters.size());
    for (Site site : own.sites()) {
      if (blocks.contains(site.block())) {
        parameters.view(mask, name(site)).fill_(new org.bytedeco.pytorch.Scalar(1));
      }
    }
    return mask;
  }

  private static String name(Site site) {
    return "base_model.model." + site.name() + ".delta.weight";
  }

  private SavedBrick merged(Map<String, Tensor> tensors, Parameters parameters) {
    var weights = new HashMap<Site, Tensor>();
    for (Site site : before.sites()) {
      Brick.Delta delta = before.delta(site, tensors);
      if (delta == null || delta.bias() != null) {
        throw unfit();
      }
      weights.put(site, delta.weight());
    }
    if (before.sites().isEmpty()) {
      throw unfit();
    }
    for (Site site : own.sites()) {
      Tensor repair = parameters.view(parameters.values(), name(site));
      if (repair.abs().max().item_double() > 0) {
        weights.merge(site, repair, Tensor::add);
      }
    }
    var sites = new ArrayList<>(weights.keySet());
    sites.sort(Comparator.comparingInt(Site::index));
    String expression = sites.stream().map(site -> site.name().replace(".", "\\.")).collect(Collectors.joining("|"));
    var saved = new HashMap<String, TensorData>();
    weights.forEach((site, weight) -> saved.put(
        name(site), TensorData.of(Tensors.toFloats(weight), site.out(), site.in())));
    return SavedBrick.of(new BrickOptions("delta", new LoraOptions(8, 16, 0, expression)), saved, Map.of(), head,
        parent.provenance());
  }

  private UsageException unfit() {
    return new UsageException("expected a brick that is a change of weights, such as lora, to repair, got one of kind "
        + before.kind() + ": edit it with --method ultraedit");
  }
}
