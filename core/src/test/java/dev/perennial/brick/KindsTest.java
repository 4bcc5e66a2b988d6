package dev.perennial.brick;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.FrozenMap;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.TinyBert;
import dev.perennial.learn.TinyBackbone;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What every kind of brick keeps, on an encoder of two blocks with 8 features, 12 within. */
final class KindsTest {

  private static final int HIDDEN = 8;
  private static final int[][] TEXTS = {{2, 4, 5, 3}, {2, 6, 3}};

  private Backbone backbone;
  private Parameters parameters;
  private TensorScope scope;

  /** A brick, its parameters by formula, whether a new one changes nothing, and whether it is a change of weights. */
  static Stream<Arguments> bricks() {
    int all = 8 * 8 * 4;
    return Stream.of(
        Arguments.of("lora", "usual", 2 * 2 * 2 * (8 + 8), true, true),
        Arguments.of("lora:rslora=true,ranks=layer.0.attention.self.query:3,alphas=.*value:5",
            "usual", (3 + 3 * 2) * (8 + 8), true, true),
        Arguments.of("lora", "dense", 2 * 2 * (16 + 20 + 20), true, true),
        Arguments.of("dora", "query|intermediate.dense", 2 * (2 * (16 + 20) + 8 + 12), true, true),
        Arguments.of("adalora", "usual", 4 * 2 * (8 + 8 + 1), true, true),
        Arguments.of("adalora:ranks=.*query:0 .*1.*value:3", "usual", (2 + 3) * 17, true, true),
        Arguments.of("adalora:targetRank=1", "usual", 4 * 2 * (8 + 8 + 1), true, true),
        Arguments.of("increlora:most=2", "usual", 4 * 5 * (8 + 8 + 1), true, true),
        Arguments.of("ia3", "usual", 2 * (8 + 8 + 8 + 12), true, true),
        Arguments.of("ia3:feedForward=", "usual", 2 * (8 + 8 + 8 + 8), true, true),
        Arguments.of("adapter", "usual", 4 * (2 * 8 * 2 + 2 + 8), true, false),
        Arguments.of("adapter:activation=gelu", "intermediate.dense", 2 * (2 * 12 * 2 + 2 + 12), true, false),
        Arguments.of("compacter:factors=2", "usual", 2 * 8 + 4 * (8 + 2 + 2 + 2 + 8 + 8), false, false),
        Arguments.of("prompt:tokens=3", "usual", 3 * 8, false, false),
        Arguments.of("prefix:tokens=3", "usual", 3 * 2 * 2 * 8, false, false),
        Arguments.of("ept:tokens=3,places=4,spaces=2",
            "usual", 3 * 8 + 4 * 2 + 2 * 8 + 2 * 2 * 8 * 2 + 8 * 2, false, false),
        Arguments.of("delta", "usual", all, true, true),
        Arguments.of("sparse:density=0.25", "usual", all / 4, true, true),
        Arguments.of("subspace:dimension=20", "usual", 20, true, true),
        Arguments.of("stable-rps:compression=5", "usual", 52, true, true),
        Arguments.of("mos:shards=2,pool=2", "usual", 4 * 2 * (8 + 8), true, true),
        Arguments.of("mos:shards=4,pool=2,privates=0", "dense", 2 * 2 * (16 + 20 + 20), true, true));
  }

  @BeforeEach
  void open() {
    backbone = TinyBert.backbone();
    parameters = new Parameters();
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
    parameters.close();
    backbone.close();
  }

  private Brick brick(String kind, String sites) {
    return new BrickOptions(kind, new LoraOptions(2, 3, 0, sites)).on(backbone);
  }

  @ParameterizedTest
  @MethodSource("bricks")
  void initialise_everyKind_hasTheShapesThatItTellsAndTheirNumberByFormula(
      String kind, String sites, int count, boolean idle, boolean weights) {
    Brick brick = brick(kind, sites);
    brick.initialise(parameters, CounterRandom.of(1));
    var shapes = new LinkedHashMap<String, List<Long>>();
    parameters.views().forEach((name, view) -> shapes.put(name, Arrays.stream(view.shape()).boxed().toList()));
    assertEquals(new ArrayList<>(brick.shapes().entrySet()), new ArrayList<>(shapes.entrySet()));
    assertEquals(count, brick.parameters());
    assertEquals(count, parameters.size());
    assertEquals(kind.replaceFirst(":.*", ""), brick.kind());
  }

  @ParameterizedTest
  @MethodSource("bricks")
  void adaptation_newBrick_changesNothingWhereTheKindSaysSo(
      String kind, String sites, int count, boolean idle, boolean weights) {
    Brick brick = brick(kind, sites);
    brick.initialise(parameters, CounterRandom.of(1));
    float[] alone = features(Adaptation.NONE);
    float[] with = features(brick.adaptation(parameters.views()));
    if (idle) {
      assertArrayEquals(alone, with, 1e-5f);
    }
    Adaptation training = brick.training(parameters.views(), CounterRandom.of(2), 0);
    assertArrayEquals(with, features(training), 1e-6f);
    move(1);
    float difference = 0;
    float[] moved = features(brick.adaptation(parameters.views()));
    for (int i = 0; i < moved.length; i++) {
      difference = Math.max(difference, Math.abs(moved[i] - alone[i]));
    }
    assertTrue(difference > 1e-3, "moved parameters change " + difference);
  }

  @ParameterizedTest
  @MethodSource("bricks")
  void delta_kindsOfWeights_isWhatTheBrickDoesAtEverySite(
      String kind, String sites, int count, boolean idle, boolean weights) {
    Brick brick = brick(kind, sites);
    brick.initialise(parameters, CounterRandom.of(1));
    move(0.3);
    Adaptation adaptation = brick.adaptation(parameters.views());
    assertEquals(weights, !brick.sites().isEmpty() && brick.delta(brick.sites().getFirst(), parameters.views()) != null);
    for (Site site : weights ? brick.sites() : List.<Site>of()) {
      FrozenMap frozen = backbone.frozen(site);
      Tensor input = normal(site.index(), 5, site.in());
      Tensor output = torch.linear(input, frozen.weight(), new TensorOptional(frozen.bias()));
      Brick.Delta delta = Objects.requireNonNull(brick.delta(site, parameters.views()));
      Tensor bias = delta.bias() == null ? frozen.bias() : frozen.bias().add(delta.bias());
      Tensor merged = torch.linear(input, frozen.weight().add(delta.weight()), new TensorOptional(bias));
      assertArrayEquals(Tensors.toFloats(merged),
          Tensors.toFloats(Objects.requireNonNull(adaptation.at(site.index())).apply(input, output)), 1e-4f, site.name());
      assertTrue(delta.weight().abs().max().item_double() > 1e-4 || kind.contains("query:0"), site.name());
    }
  }

  @ParameterizedTest
  @MethodSource("bricks")
  void gradient_everyKind_isThatOfFiniteDifferences(String kind, String sites, int count, boolean idle, boolean weights) {
    Brick brick = brick(kind, sites);
    brick.initialise(parameters, CounterRandom.of(1));
    move(0.2);
    Tensor gradient = Tensors.zeros(parameters.size());
    try (TensorScope training = TensorScope.training()) {
      Map<String, Tensor> leaves = KindFixture.leaves(parameters);
      loss(brick.adaptation(leaves)).backward();
      try (TensorScope copying = TensorScope.inference()) {
        leaves.forEach((name, leaf) -> {
          if (leaf.grad().defined()) {
            parameters.view(gradient, name).copy_(leaf.grad());
          }
        });
      }
    }
    double step = 2e-3;
    for (int use = 0; use < 4; use++) {
      Tensor direction = Tensors.gaussians(CounterRandom.of(40 + use), 0, parameters.size());
      if (kind.startsWith("dora")) {
        // The length of a row is a constant to the gradients of A and B: only lengths have those of the function itself.
        parameters.names().stream().filter(name -> !name.endsWith("lora_magnitude_vector"))
            .forEach(name -> parameters.view(direction, name).zero_());
      }
      double expected = direction.dot(gradient).item_double();
      double found = (lossAt(brick, direction, step) - lossAt(brick, direction, -step)) / (2 * step);
      assertEquals(expected, found, 0.02 * Math.max(1, gradient.square().sum().sqrt().item_double()), "direction " + use);
    }
    assertTrue(gradient.abs().max().item_double() > 1e-4);
  }

  private double lossAt(Brick brick, Tensor direction, double step) {
    Tensors.addScaled(parameters.values(), direction, step);
    double loss = loss(brick.adaptation(parameters.views())).item_double();
    Tensors.addScaled(parameters.values(), direction, -step);
    return loss;
  }

  @ParameterizedTest
  @MethodSource("bricks")
  void restore_whatAnotherBrickKept_givesTheSameBrick(
      String kind, String sites, int count, boolean idle, boolean weights) {
    Brick brick = brick(kind, sites);
    brick.initialise(parameters, CounterRandom.of(1));
    move(0.3);
    Brick other = brick(kind, sites);
    other.restore(brick.fixed());
    assertArrayEquals(features(brick.adaptation(parameters.views())), features(other.adaptation(parameters.views())));
  }

  @Test
  void load_allKinds_areNamedAndHaveSettings() {
    assertEquals(List.of("adalora", "adapter", "compacter", "delta", "dora", "edits", "ept",
        "eraser", "ia3", "increlora", "lora", "mos", "prefix",
        "prompt", "sara", "sparse", "stable-rps", "subspace"), BrickKinds.load().names());
    for (String name : BrickKinds.load().names()) {
      assertEquals(name, new BrickOptions(name, LoraOptions.DEFAULT).brick());
      assertNotNull(BrickKinds.load().choose(name).settings());
    }
  }

  @Test
  void options_text_keepsWhatIsNotUsualAlone() {
    assertEquals("prefix:tokens=7", new BrickOptions(" prefix: tokens = 7 ", LoraOptions.DEFAULT).brick());
    assertEquals("prefix", new BrickOptions("prefix:tokens=20", LoraOptions.DEFAULT).brick());
    assertEquals("sparse:density=0.5,interval=3",
        new BrickOptions("sparse:interval=3,density=0.5", LoraOptions.DEFAULT).brick());
  }

  @Test
  void options_thatDoNotExistOrFit_areRefusedInOneLine() {
    assertRefused("dorra", "did you mean dora?");
    assertRefused("prefix:token=7", "did you mean tokens?");
    assertRefused("prefix:tokens=0", "expected tokens between 1 and 1024, got 0");
    assertRefused("prefix:tokens", "expected brick prefix name=value");
    assertRefused("sparse:density=2", "density above 0 to 1");
    assertRefused("mos:pool=2,privates=2", "privates from 0 to below the pool");
  }

  private static void assertRefused(String brick, String part) {
    var refused = assertThrows(UsageException.class, () -> new BrickOptions(brick, LoraOptions.DEFAULT));
    assertTrue(String.valueOf(refused.getMessage()).contains(part) && !String.valueOf(refused.getMessage()).contains("\n"), refused.getMessage());
  }

  @Test
  void brick_thatDoesNotSuitTheBackbone_isRefusedInOneLine() {
    for (String[] asked : new String[][] {
        {"lora", "quary", "matches none"}, {"lora:ranks=elsewhere:3", "query", "ranks for sites of the brick"},
        {"lora:ranks=query:0", "query", "rank between 1 and 1024"}, {"compacter:factors=3", "usual", "factors that divide"},
        {"mos:shards=3,pool=1,privates=0", "usual", "shards that divide"}, {"mos:pool=3", "usual", "at most the rank"}}) {
      var refused = assertThrows(UsageException.class, () -> brick(asked[0], asked[1]));
      assertTrue(String.valueOf(refused.getMessage()).contains(asked[2]), refused.getMessage());
    }
    try (Backbone vectors = TinyBackbone.frozen()) {
      var refused = assertThrows(UsageException.class,
          () -> new BrickOptions("prompt", LoraOptions.DEFAULT).on(vectors));
      assertTrue(String.valueOf(refused.getMessage()).contains("expected a backbone of tokens"), refused.getMessage());
    }
  }

  /** Changes all parameters by normal numbers. */
  private void move(double deviation) {
    Tensors.addScaled(
        parameters.values(), Tensors.gaussians(CounterRandom.of(9), 0, parameters.size()), deviation);
  }

  private float[] features(Adaptation adaptation) {
    return Tensors.toFloats(pooled(adaptation));
  }

  private Tensor loss(Adaptation adaptation) {
    return pooled(adaptation).mul(normal(77, TEXTS.length, HIDDEN)).sum().mul(new Scalar(1.0));
  }

  private Tensor pooled(Adaptation adaptation) {
    Pass pass = backbone.pass(Arrays.stream(TEXTS).<Row>map(Row.Tokens::new).toList());
    return pass.pool(pass.advance(pass.start(adaptation), 0, backbone.blocks(), adaptation));
  }

  private static Tensor normal(int use, long rows, long columns) {
    return Tensors.gaussians(CounterRandom.of(3, use), 0, rows * columns).view(rows, columns);
  }
}
