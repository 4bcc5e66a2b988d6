package dev.perennial.shrink;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.data.Input;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A few inputs on which a backbone is compared with itself after its weights were changed: the mean squared distance of
 * the pooled features, each brought to length 1.
 */
public final class Calibration implements AutoCloseable {

  private static final int BATCH = 32;

  private final Backbone backbone;
  private final List<List<Row>> batches = new ArrayList<>();
  private final List<Tensor> features = new ArrayList<>();
  private final TensorOwner owner = new TensorOwner();
  private final int rows;

  /**
   * Computes what the backbone makes of the inputs.
   *
   * @param inputs at least one
   */
  public Calibration(Backbone backbone, List<? extends Input> inputs) {
    this.backbone = backbone;
    List<Row> all = backbone.prepare(inputs).stream().sorted(Comparator.comparingInt(Row::length)).toList();
    rows = all.size();
    for (int from = 0; from < rows; from += BATCH) {
      List<Row> batch = all.subList(from, Math.min(from + BATCH, rows));
      batches.add(batch);
      try (TensorScope scope = TensorScope.inference()) {
        features.add(owner.keep(features(backbone, batch, Adaptation.NONE)));
      }
    }
  }

  /** Unit features, {@code [rows, width]}, in the open scope. */
  static Tensor features(Backbone backbone, List<Row> rows, Adaptation adaptation) {
    Pass pass = backbone.pass(rows);
    return torch.normalize(pass.pool(pass.advance(pass.start(adaptation), 0, backbone.blocks(), adaptation)));
  }

  /** The distance with weights that stand in for the backbone's own, as {@link Adaptation#ofWeights} names them. */
  double distance(Map<String, Tensor> weights) {
    Adaptation adaptation = Adaptation.ofWeights(weights);
    double sum = 0;
    for (int i = 0; i < batches.size(); i++) {
      try (TensorScope scope = TensorScope.inference()) {
        sum += features(backbone, batches.get(i), adaptation).sub(features.get(i)).square_().sum().item_double();
      }
    }
    return sum / rows;
  }

  /** The mean squared distance of another backbone's features on the same inputs. */
  public double distance(Backbone other) {
    double sum = 0;
    for (int i = 0; i < batches.size(); i++) {
      try (TensorScope scope = TensorScope.inference()) {
        sum += features(other, batches.get(i), Adaptation.NONE).sub(features.get(i)).square_().sum().item_double();
      }
    }
    return sum / rows;
  }

  /**
   * How large the numbers are that each site is given: the root of the mean square of each input channel.
   *
   * @return by the names of sites, each {@code [in]}
   */
  Map<String, float[]> inputs() {
    var squares = new HashMap<String, double[]>();
    var counts = new HashMap<String, Long>();
    var functions = new HashMap<Site, SiteFunction>();
    for (Site site : backbone.sites()) {
      squares.put(site.name(), new double[site.in()]);
      functions.put(site, (input, output) -> {
        double[] sums = squares.getOrDefault(site.name(), new double[0]);
        double[] batch = Tensors.toDoubles(input.pow(new Scalar(2)).sum(0));
        for (int i = 0; i < sums.length; i++) {
          sums[i] += batch[i];
        }
        counts.merge(site.name(), input.size(0), Long::sum);
        return output;
      });
    }
    for (List<Row> batch : batches) {
      try (TensorScope scope = TensorScope.inference()) {
        features(backbone, batch, Adaptation.ofSites(functions));
      }
    }
    var roots = new HashMap<String, float[]>();
    squares.forEach((name, sums) -> {
      float[] root = new float[sums.length];
      for (int i = 0; i < root.length; i++) {
        root[i] = (float) Math.sqrt(sums[i] / Math.max(1, counts.getOrDefault(name, 0L)));
      }
      roots.put(name, root);
    });
    return roots;
  }

  /** Frees the features. */
  @Override
  public void close() {
    owner.close();
  }
}
