package dev.perennial.engine;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Row;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.route.Router;
import dev.perennial.route.SiteRouter;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A router that decides as another does, for one pass, and notes how much weight each brick had for each row. */
final class Shares implements SiteRouter {

  private final SiteRouter router;
  private final int rows;
  private final int bricks;
  private final Tensor tokens;
  private final Tensor sum;
  private final int sites;

  /** @param rows of the one batch that goes through, in its order */
  Shares(SiteRouter router, List<Row> rows, int bricks) {
    this.router = router;
    this.rows = rows.size();
    this.bricks = bricks;
    this.sites = router.sites().size();
    int longest = rows.stream().mapToInt(Row::length).max().orElse(1);
    float[] shares = new float[rows.size() * longest];
    for (int row = 0; row < rows.size(); row++) {
      int length = rows.get(row).length();
      Arrays.fill(shares, row * longest, row * longest + length, 1f / length);
    }
    tokens = Tensors.floats(shares, rows.size(), 1, longest);
    sum = Tensors.zeros(rows.size(), bricks);
  }

  @Override
  public List<Site> sites() {
    return router.sites();
  }

  @Override
  public Map<Site, Router> pass() {
    var noting = new HashMap<Site, Router>();
    router.pass().forEach((site, at) -> noting.put(site, inputs -> {
      Tensor weights = at.weights(inputs);
      Tensor byRow = weights.cpu().view(rows, -1, bricks);
      Tensors.addScaled(sum, torch.bmm(tokens.narrow(2, 0, byRow.size(1)), byRow).view(rows, bricks), 1.0 / sites);
      return weights;
    }));
    return noting;
  }

  /** A pass of the backbone alone, in which no brick acts. */
  Adaptation listening() {
    var functions = new HashMap<Site, SiteFunction>();
    pass().forEach((site, at) -> functions.put(site, (input, output) -> {
      at.weights(input);
      return output;
    }));
    return Adaptation.ofSites(functions);
  }

  /** For each row, the mean weight of each brick over sites and the tokens that are no padding. */
  double[][] means() {
    double[] flat = Tensors.toDoubles(sum);
    double[][] means = new double[rows][bricks];
    for (int i = 0; i < flat.length; i++) {
      means[i / bricks][i % bricks] = flat[i];
    }
    return means;
  }
}
