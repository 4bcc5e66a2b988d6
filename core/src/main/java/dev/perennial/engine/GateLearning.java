package dev.perennial.engine;

import static org.bytedeco.pytorch.global.torch.cross_entropy_loss;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Site;
import dev.perennial.brick.Brick;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Input;
import dev.perennial.learn.Optimiser;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.route.Phatgoose;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * Learns the gates of a brick for {@link Phatgoose}, with all else frozen: 100 steps of AdamW at a rate of 0.005 that is
 * reached in six steps, as in the paper (arXiv 2402.05859), on batches of 32 examples taken in turn, by the cross-entropy
 * of the head that was learned with the brick.
 */
final class GateLearning {

  static final int STEPS = 100;

  private static final double RATE = 5e-3;
  private static final int WARM_UP = 6;
  private static final int BATCH = 32;

  private final Backbone backbone;
  private final Brick brick;
  private final SavedBrick.Head head;
  private final SavedBrick saved;

  /** @throws UsageException if the brick acts on tokens, or has no linear head */
  GateLearning(Backbone backbone, SavedBrick saved) {
    this.backbone = backbone;
    this.saved = saved;
    this.brick = saved.on(backbone);
    this.head = saved.head().filter(found -> found.kind().equals("linear-head")).orElseThrow(() -> new UsageException(
        "expected a brick with the linear head that it was learned with, to learn gates by, got one with "
            + saved.head().map(SavedBrick.Head::kind).orElse("none") + ": choose another router, such as arrow"));
    if (brick.sites().isEmpty()) {
      throw new UsageException("expected a brick that acts at sites, to learn gates for, got one of kind " + brick.kind());
    }
  }

  /**
   * The gates by the names of the brick's sites.
   *
   * @param texts at least one
   * @param labels the class of each, which the head must know
   * @throws UsageException if the head does not know a class
   */
  Map<String, float[]> learn(List<String> texts, List<String> labels, int steps) {
    long[] classes = labels.stream().mapToLong(this::place).toArray();
    var gates = new HashMap<String, float[]>();
    try (var parameters = new Parameters(); var owner = new TensorOwner()) {
      brick.sites().forEach(site -> parameters.add(site.name(), new float[site.in()], site.in()));
      try (TensorScope scope = TensorScope.inference();
          Optimiser optimiser = OptimiserOptions.adamW(RATE).of(parameters.size())) {
        var tensors = new HashMap<String, Tensor>();
        saved.tensors().forEach((name, data) -> tensors.put(name, Tensors.copyOf(data)));
        Tensor gradient = Tensors.zeros(parameters.size());
        Map<String, Tensor> leaves = parameters.leaves(gradient, owner);
        for (int step = 0; step < steps; step++) {
          gradient.zero_();
          try (TensorScope training = TensorScope.training()) {
            loss(Phatgoose.gated(brick, tensors, leaves), texts, classes, step).backward();
          }
          try (TensorScope update = TensorScope.inference()) {
            optimiser.step(parameters.values(), gradient, RATE * Math.min(1, (step + 1.0) / WARM_UP));
          }
        }
      }
      for (Site site : brick.sites()) {
        gates.put(site.name(), Tensors.toFloats(parameters.view(parameters.values(), site.name())));
      }
    }
    return gates;
  }

  private long place(String label) {
    int place = head.classes().indexOf(label);
    if (place < 0) {
      throw new UsageException("expected one of the " + head.classes().size() + " classes of the brick's head, such as "
          + head.classes().getFirst() + ", got " + label);
    }
    return place;
  }

  private Tensor loss(Adaptation gated, List<String> texts, long[] classes, int step) {
    int size = Math.min(BATCH, texts.size());
    var inputs = new ArrayList<Input.Text>();
    long[] wanted = new long[size];
    for (int i = 0; i < size; i++) {
      int row = (int) (((long) step * size + i) % texts.size());
      inputs.add(new Input.Text(texts.get(row)));
      wanted[i] = classes[row];
    }
    Pass pass = backbone.pass(backbone.prepare(inputs));
    Tensor features = pass.pool(pass.advance(pass.start(), 0, backbone.blocks(), gated));
    TensorData bias = head.bias();
    Tensor logits = torch.linear(features, Tensors.copyOf(head.weight()),
        bias == null ? new TensorOptional() : new TensorOptional(Tensors.copyOf(bias)));
    return cross_entropy_loss(logits, Tensors.longs(wanted, size));
  }
}
