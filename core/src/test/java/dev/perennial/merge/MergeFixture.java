package dev.perennial.merge;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** Bricks that are nothing but given differences of weights. */
final class MergeFixture {

  private MergeFixture() {}

  /** A full difference at the sites of an expression, with the numbers given for each site. */
  static SavedBrick delta(
      Backbone backbone, String sites, Map<Site, double[]> numbers, SavedBrick.@Nullable Head head) {
    var tensors = new HashMap<String, TensorData>();
    numbers.forEach((site, values) -> {
      float[] floats = new float[values.length];
      for (int i = 0; i < values.length; i++) {
        floats[i] = (float) values[i];
      }
      tensors.put("base_model.model." + site.name() + ".delta.weight", TensorData.of(floats, site.out(), site.in()));
    });
    return SavedBrick.of(new BrickOptions("delta", new LoraOptions(8, 1, 0, sites)), tensors, Map.of(), head,
        Provenance.of("", 0, "x", "", backbone));
  }

  /** What a brick adds to a site's weight. */
  static double[] change(Backbone backbone, SavedBrick brick, Site site) {
    var tensors = new HashMap<String, Tensor>();
    brick.tensors().forEach((name, data) -> tensors.put(name, Tensors.copyOf(data)));
    return Tensors.toDoubles(Objects.requireNonNull(brick.on(backbone).delta(site, tensors)).weight());
  }
}
