package dev.perennial.engine;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Site;
import dev.perennial.brick.Brick;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Example;
import dev.perennial.route.Phatgoose;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.bytedeco.pytorch.Tensor;

/**
 * Learns the gates of a brick for {@link Phatgoose}, with all else frozen: 100 steps of AdamW at a rate of 0.005 that is
 * reached in six steps, as in the paper (arXiv 2402.05859), on batches of 32 examples, by the cross-entropy of the head
 * that was learned with the brick.
 */
public final class GateLearning {

  /** Steps that gates take, unless told otherwise. */
  public static final int STEPS = 100;

  private static final double RATE = 5e-3;
  private static final int WARM_UP = 6;
  private static final int BATCH = 32;

  private final Backbone backbone;
  private final Brick brick;
  private final SavedBrick.Head head;
  private final SavedBrick saved;

  /**
   * Gates of a brick.
   *
   * @throws UsageException if the brick acts on tokens, or has no linear head
   */
  public GateLearning(Backbone backbone, SavedBrick saved) {
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
   * @param examples at least one, of classes that the head knows
   * @param progress is told how many steps are done, after each
   * @throws UsageException if the head does not know a class
   */
  public Map<String, float[]> learn(List<Example> examples, int steps, IntConsumer progress) {
    var gates = new HashMap<String, float[]>();
    try (var parameters = new Parameters(); TensorScope scope = TensorScope.inference()) {
      brick.sites().forEach(site -> parameters.add(site.name(), new float[site.in()], site.in()));
      var tensors = new HashMap<String, Tensor>();
      saved.tensors().forEach((name, data) -> tensors.put(name, Tensors.copyOf(data)));
      var scores = LinearScores.of(head);
      new HeadFit(backbone, RATE, WARM_UP, BATCH, progress).run(
          parameters, examples, head.classes(), steps, (rows, leaves) -> {
            Pass pass = backbone.pass(rows);
            Adaptation gated = Phatgoose.gated(brick, tensors, leaves);
            return HeadFit.Output.of(scores.of(pass.pool(pass.advance(pass.start(), 0, backbone.blocks(), gated))));
          });
      for (Site site : brick.sites()) {
        gates.put(site.name(), Tensors.toFloats(parameters.view(parameters.values(), site.name())));
      }
    }
    return gates;
  }
}
