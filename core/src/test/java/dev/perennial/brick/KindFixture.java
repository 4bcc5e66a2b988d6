package dev.perennial.brick;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.TinyBert;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A brick of one kind on the tiny encoder, with parameters that are normal numbers. */
public abstract class KindFixture {

  protected Backbone backbone;
  protected Parameters parameters;
  private TensorScope scope;

  @BeforeEach
  protected void open() {
    backbone = TinyBert.backbone();
    parameters = new Parameters();
    scope = TensorScope.inference();
  }

  @AfterEach
  protected void close() {
    scope.close();
    parameters.close();
    backbone.close();
  }

  protected Brick brick(String kind, String sites) {
    return new BrickOptions(kind, new LoraOptions(2, 3, 0, sites)).on(backbone);
  }

  /** A brick whose initial parameters have been moved by normal numbers. */
  protected Brick moved(String kind, String sites) {
    Brick brick = brick(kind, sites);
    brick.initialise(parameters, CounterRandom.of(1));
    Tensors.addScaled(parameters.values(), Tensors.gaussians(CounterRandom.of(9), 0, parameters.size()), 0.3);
    return brick;
  }

  /** What gradients are taken with respect to, in the open scope. */
  protected static Map<String, Tensor> leaves(Parameters parameters) {
    var leaves = new LinkedHashMap<String, Tensor>();
    parameters.views().forEach((name, view) -> leaves.put(name, view.detach().set_requires_grad(true)));
    return leaves;
  }

  protected float[] values(String name) {
    return Tensors.toFloats(parameters.view(parameters.values(), name));
  }

  protected float[] values(Site site, String suffix) {
    return values("base_model.model." + site.name() + "." + suffix);
  }

  protected float[] delta(Brick brick, Site site) {
    return Tensors.toFloats(Objects.requireNonNull(brick.delta(site, parameters.views())).weight());
  }

  protected float[] applied(Brick brick, Site site, Tensor input, Tensor output) {
    return Tensors.toFloats(
        Objects.requireNonNull(brick.adaptation(parameters.views()).at(site.index())).apply(input, output));
  }

  protected List<Site> sites() {
    return backbone.sites();
  }

  protected static Tensor normal(int use, long rows, long columns) {
    return Tensors.gaussians(CounterRandom.of(3, use), 0, rows * columns).view(rows, columns);
  }
}
