package dev.perennial.edit;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.brick.Brick;
import dev.perennial.brick.BrickKind;
import dev.perennial.brick.BrickKinds;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorData;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/**
 * The edits of another brick, its parent, as a brick: the layer that they are kept in, and the statistics with which
 * editing goes on. It acts on what the parent's head says, and so at no site; {@link Editor} reads and writes it.
 */
public final class EditMemory implements BrickKind<EditMemory.Settings> {

  private static final String NAME = "edits";
  private static final String WEIGHT = "edits.weight";
  private static final String STATISTICS = "edits.statistics";
  private static final String COUNTS = "edits.counts";

  /**
   * What edits are asked beside what kinds share, of which they take no notice.
   *
   * @param outputs numbers of the vector that is edited: the classes of a linear head, the width of a cosine head
   * @param edits how they are made
   */
  public record Settings(int outputs, UltraEditOptions edits) {

    /** Checks the range. */
    public Settings {
      if (outputs < 0 || outputs > 1_000_000) {
        throw new UsageException("expected outputs between 0 and 1000000, got " + outputs);
      }
    }
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Settings defaults() {
    return new Settings(0, UltraEditOptions.DEFAULT);
  }

  @Override
  public Brick brick(LoraOptions shape, Settings settings, Backbone backbone) {
    if (settings.outputs() == 0) {
      throw new UsageException("expected a brick that can be trained, got " + NAME
          + ", which bricks edit makes of another: choose lora, and edit it when it has been learned");
    }
    return new Layer(settings);
  }

  /** What an editor keeps, as a brick of the library. */
  static SavedBrick saved(
      EditState state, UltraEditOptions options, SavedBrick.Head head, Provenance provenance) {
    var settings = new Settings(Math.toIntExact(state.weight().shape().getLast()), options);
    String kind = new BrickKinds.Choice<>(new EditMemory(), settings).text();
    return SavedBrick.of(new BrickOptions(kind, LoraOptions.DEFAULT), Map.of(WEIGHT, state.weight()),
        Map.of(STATISTICS, state.statistics(), COUNTS,
            TensorData.of(new double[] {state.rows(), state.reach(), state.reached()}, 3)),
        head, provenance);
  }

  /** Whether a brick is of this kind. */
  static boolean holds(SavedBrick brick) {
    return BrickKinds.load().choose(brick.options().brick()).kind() instanceof EditMemory;
  }

  static UltraEditOptions options(SavedBrick brick) {
    return ((Settings) BrickKinds.load().choose(brick.options().brick()).settings()).edits();
  }

  static EditState state(SavedBrick brick) {
    TensorData weight = tensor(brick.tensors(), WEIGHT);
    double[] counts = doubles(tensor(brick.fixed(), COUNTS));
    return new EditState(weight, tensor(brick.fixed(), STATISTICS), (long) counts[0], counts[1], (long) counts[2]);
  }

  private static double[] doubles(TensorData data) {
    return data.data().toArray(java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED);
  }

  private static TensorData tensor(Map<String, TensorData> tensors, String name) {
    TensorData data = tensors.get(name);
    if (data == null) {
      throw new FailureException("expected a tensor " + name + " in a brick of edits, found none of that name");
    }
    return data;
  }

  private static final class Layer implements Brick {

    private final Settings settings;
    private Map<String, TensorData> fixed;

    private Layer(Settings settings) {
      this.settings = settings;
      int columns = settings.edits().keys() + settings.outputs();
      fixed = Map.of(STATISTICS, TensorData.of(new double[2 * columns], 2, columns), COUNTS,
          TensorData.of(new double[3], 3));
    }

    @Override
    public String kind() {
      return NAME;
    }

    @Override
    public List<Site> sites() {
      return List.of();
    }

    @Override
    public int lowestBlock() {
      return 0;
    }

    @Override
    public SequencedMap<String, List<Long>> shapes() {
      return new LinkedHashMap<>(Map.of(WEIGHT, List.of((long) settings.edits().keys(), (long) settings.outputs())));
    }

    @Override
    public void initialise(Parameters parameters, CounterRandom random) {
      int numbers = Math.multiplyExact(settings.edits().keys(), settings.outputs());
      parameters.add(WEIGHT, new float[numbers], settings.edits().keys(), settings.outputs());
    }

    @Override
    public Adaptation adaptation(Map<String, Tensor> tensors) {
      return Adaptation.NONE;
    }

    @Override
    public Map<String, TensorData> fixed() {
      return fixed;
    }

    @Override
    public void restore(Map<String, TensorData> kept) {
      fixed.forEach((name, own) -> {
        TensorData data = kept.get(name);
        if (data == null || !data.shape().equals(own.shape()) || data.dtype() != own.dtype()) {
          throw new FailureException("expected " + name + " to be " + own + " in a brick of edits, found "
              + (data == null ? "none of that name" : data.toString()));
        }
      });
      fixed = Map.copyOf(kept);
    }
  }
}
