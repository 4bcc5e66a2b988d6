package dev.perennial.edit;

import dev.perennial.FailureException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.brick.Brick;
import dev.perennial.brick.BrickKind;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorData;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/**
 * A brick of one dimension at each site, {@code y = W x + b + u (v · x)}, and the concept that it erases: LoRA of rank 1
 * with the concept's mean features. {@link Eraser} trains it.
 *
 * <p>Source: One-dimensional Adapter to Rule Them All (arXiv 2312.16145), the semi-permeable membrane. Rank and alpha are
 * not used.
 */
public final class EraserBrick implements BrickKind<BrickKind.NoSettings> {

  static final String NAME = "eraser";
  static final String CONCEPT = "eraser.concept";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public NoSettings defaults() {
    return new NoSettings();
  }

  @Override
  public Brick brick(LoraOptions shape, NoSettings settings, Backbone backbone) {
    var thin = new LoraOptions(1, 1, shape.dropout(), shape.sites());
    return new Membrane(BrickOptions.of(thin).on(backbone), backbone.width());
  }

  private static final class Membrane implements Brick {

    private final Brick thin;
    private TensorData concept;

    private Membrane(Brick thin, int width) {
      this.thin = thin;
      concept = TensorData.of(new float[width], width);
    }

    @Override
    public String kind() {
      return NAME;
    }

    @Override
    public List<Site> sites() {
      return thin.sites();
    }

    @Override
    public int lowestBlock() {
      return thin.lowestBlock();
    }

    @Override
    public SequencedMap<String, List<Long>> shapes() {
      return thin.shapes();
    }

    @Override
    public void initialise(Parameters parameters, CounterRandom random) {
      thin.initialise(parameters, random);
    }

    @Override
    public Adaptation adaptation(Map<String, Tensor> tensors) {
      return thin.adaptation(tensors);
    }

    @Override
    public Adaptation training(Map<String, Tensor> tensors, CounterRandom noise, int part) {
      return thin.training(tensors, noise, part);
    }

    @Override
    public Delta delta(Site site, Map<String, Tensor> tensors) {
      Delta delta = thin.delta(site, tensors);
      if (delta == null) {
        throw new IllegalStateException("LoRA is a change of weights");
      }
      return delta;
    }

    @Override
    public Map<String, TensorData> fixed() {
      return Map.of(CONCEPT, concept);
    }

    @Override
    public void restore(Map<String, TensorData> fixed) {
      TensorData kept = fixed.get(CONCEPT);
      if (kept == null || !kept.shape().equals(concept.shape()) || kept.dtype() != concept.dtype()) {
        throw new FailureException("expected " + CONCEPT + " to be " + concept + " in an eraser, found "
            + (kept == null ? "none of that name" : kept.toString()));
      }
      concept = kept;
    }
  }
}
