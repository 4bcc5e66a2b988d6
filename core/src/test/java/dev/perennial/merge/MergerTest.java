package dev.perennial.merge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.PerennialException;
import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.TinyBert;
import dev.perennial.brick.Brick;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.brick.format.BrickFiles;
import dev.perennial.data.Input;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Merging bricks of a tiny encoder. */
final class MergerTest {

  private final Map<String, SavedBrick> bricks = new LinkedHashMap<>();
  private Backbone backbone;
  private TensorScope scope;

  @BeforeEach
  void open() {
    backbone = TinyBert.backbone();
    scope = TensorScope.inference();
    // Unlike in rank, alpha, scaling and sites.
    add("a", "lora", new LoraOptions(2, 3, 0, "query|value"));
    add("b", "lora:rslora=true", new LoraOptions(3, 5, 0, "query"));
    add("c", "lora:ranks=layer\\.0\\..*:1,alphas=layer\\.1\\..*:7", new LoraOptions(2, 1, 0, "value|key"));
  }

  @AfterEach
  void close() {
    scope.close();
    backbone.close();
  }

  private void add(String name, String kind, LoraOptions shape) {
    bricks.put(name, saved(kind, shape, bricks.size()));
  }

  private SavedBrick saved(String kind, LoraOptions shape, int use) {
    var options = new BrickOptions(kind, shape);
    Brick brick = options.on(backbone);
    try (var parameters = new Parameters()) {
      brick.initialise(parameters, CounterRandom.of(1));
      Tensors.addScaled(parameters.values(), Tensors.gaussians(CounterRandom.of(7, use), 0, parameters.size()), 0.5);
      var tensors = new HashMap<String, TensorData>();
      parameters.state().forEach((name, data) -> tensors.put(
          name, TensorData.of(data.floats(), data.shape().stream().mapToLong(Long::longValue).toArray())));
      return SavedBrick.of(options, tensors, brick.fixed(), null,
          Provenance.of("stream " + use % 2, use, "fine-tune", "0.1", backbone).learnedUpTo(3));
    }
  }

  private static Recipe recipe(String method, Object[] numbers, String... names) {
    return new Recipe(
        method, null, Arrays.stream(names).map(Recipe.Model::new).toList(), RecipeTest.numbers(numbers));
  }

  private static Recipe recipe(String method, String... names) {
    return recipe(method, new Object[0], names);
  }

  private Merged merge(Recipe recipe) {
    return Merger.merge(recipe, bricks, backbone, MergeOptions.DEFAULT);
  }

  private double[] change(String name, Site site) {
    return change(Objects.requireNonNull(bricks.get(name)), site);
  }

  /** By loops of its own: (alpha / r or alpha / √r) B A, or what the kind says. */
  private double[] change(SavedBrick saved, Site site) {
    double[] change = new double[site.out() * site.in()];
    Brick brick = saved.on(backbone);
    if (!brick.sites().contains(site)) {
      return change;
    }
    if (!saved.options().brick().startsWith("lora")) {
      var tensors = new HashMap<String, Tensor>();
      saved.tensors().forEach((name, data) -> tensors.put(name, Tensors.copyOf(data)));
      return Tensors.toDoubles(Objects.requireNonNull(brick.delta(site, tensors)).weight());
    }
    TensorData down = Objects.requireNonNull(saved.tensors().get("base_model.model." + site.name() + ".lora_A.weight"));
    TensorData up = Objects.requireNonNull(saved.tensors().get("base_model.model." + site.name() + ".lora_B.weight"));
    int rank = Math.toIntExact(down.shape().getFirst());
    double alpha = saved.options().brick().contains("alphas=layer\\.1") && site.block() == 1
        ? 7
        : saved.options().lora().alpha();
    double scale = alpha / (saved.options().brick().contains("rslora") ? Math.sqrt(rank) : rank);
    if (saved.options().brick().contains("ranks=encoder")) {
      scale = 1;
    }
    float[] a = down.floats();
    float[] b = up.floats();
    for (int out = 0; out < site.out(); out++) {
      for (int in = 0; in < site.in(); in++) {
        for (int r = 0; r < rank; r++) {
          change[out * site.in() + in] += scale * b[out * rank + r] * a[r * site.in() + in];
        }
      }
    }
    return change;
  }

  private static double[] mix(double[][] changes, double... weights) {
    double[] mix = new double[changes[0].length];
    for (int i = 0; i < weights.length; i++) {
      for (int k = 0; k < mix.length; k++) {
        mix[k] += weights[i] * changes[i][k];
      }
    }
    return mix;
  }

  private double[][] changes(Site site) {
    return new double[][] {change("a", site), change("b", site), change("c", site)};
  }

  @Test
  void merge_unlikeLora_isTheMeanOfTheScaledProductsAtEverySite() {
    Merged merged = merge(recipe("average", "a", "b", "c"));
    assertEquals(6, merged.brick().on(backbone).sites().size());
    double third = 1.0 / 3;
    for (Site site : backbone.sites()) {
      assertArrayEquals(mix(changes(site), third, third, third), change(merged.brick(), site), 1e-5, site.name());
    }
    assertTrue(merged.brick().options().brick().startsWith("lora"), merged.brick().options().brick());
    assertEquals(0, merged.lost(), 1e-6);
  }

  @Test
  void merge_sameProductByOtherMatrices_isTheSameWhereMeansOfMatricesAreNot() {
    SavedBrick a = Objects.requireNonNull(bricks.get("a"));
    var negated = new TreeMap<>(a.tensors());
    a.tensors().forEach((name, data) -> {
      float[] values = data.floats();
      for (int i = 0; i < values.length; i++) {
        values[i] = -values[i];
      }
      negated.put(name, TensorData.of(values, data.shape().stream().mapToLong(Long::longValue).toArray()));
    });
    bricks.put("minus", SavedBrick.of(a.options(), negated, Map.of(), null, a.provenance()));
    SavedBrick merged = merge(recipe("average", "a", "minus")).brick();
    // The means of A and -A, and of B and -B, are 0.
    for (Site site : a.on(backbone).sites()) {
      assertArrayEquals(change("a", site), change(merged, site), 1e-5);
      assertTrue(Arrays.stream(change(merged, site)).map(Math::abs).max().orElseThrow() > 0.05);
    }
    assertEquals(2, merged.options().lora().rank());
  }

  @Test
  void merge_concatenate_keepsEveryAAndAddsUpExactly() {
    var recipe = new Recipe("concatenate", null, List.of(new Recipe.Model("a", RecipeTest.numbers("weight", 2)),
        new Recipe.Model("b", RecipeTest.numbers("weight", -0.5)), new Recipe.Model("c")), RecipeTest.numbers());
    SavedBrick merged = merge(recipe).brick();
    for (Site site : backbone.sites()) {
      assertArrayEquals(mix(changes(site), 2, -0.5, 1), change(merged, site), 1e-5, site.name());
    }
    Site query = backbone.sites().stream().filter(site -> site.name().endsWith("query")).findFirst().orElseThrow();
    String name = "base_model.model." + query.name() + ".lora_A.weight";
    float[] stacked = Objects.requireNonNull(merged.tensors().get(name)).floats();
    float[] first = Objects.requireNonNull(Objects.requireNonNull(bricks.get("a")).tensors().get(name)).floats();
    float[] second = Objects.requireNonNull(Objects.requireNonNull(bricks.get("b")).tensors().get(name)).floats();
    assertEquals(5 * query.in(), stacked.length);
    assertArrayEquals(first, Arrays.copyOf(stacked, first.length));
    assertArrayEquals(second, Arrays.copyOfRange(stacked, first.length, stacked.length));
  }

  @Test
  void merge_concatenateWithoutWeight_leavesItsRanksAway() {
    var recipe = new Recipe("concatenate", null, List.of(new Recipe.Model("a", RecipeTest.numbers("weight",
        new RecipeValue.Gradient(List.of(0.5, 0.0)))), new Recipe.Model("b", RecipeTest.numbers("weight",
        new RecipeValue.Gradient(List.of(0.0, 0.0))))), RecipeTest.numbers());
    SavedBrick merged = merge(recipe).brick();
    for (Site site : merged.on(backbone).sites()) {
      assertArrayEquals(mix(changes(site), site.block() == 0 ? 0.5 : 0), delta(merged, site), 1e-6, site.name());
    }
    assertEquals(List.of(2L, 8L), Objects.requireNonNull(
        merged.tensors().get("base_model.model.encoder.layer.0.attention.self.query.lora_A.weight")).shape());
    assertEquals(List.of(1L, 8L), Objects.requireNonNull(
        merged.tensors().get("base_model.model.encoder.layer.1.attention.self.query.lora_A.weight")).shape());
    assertEquals("0.5 0 over the depth", merged.provenance().recipe().get("weight of a"));
  }

  @Test
  void merge_rank_isTheNearestOfThatRankAndTellsWhatIsLost() {
    for (String method : List.of("concatenate", "task_arithmetic")) {
      Merged whole = merge(recipe(method, "a", "b", "c"));
      Merged cut = Merger.merge(recipe(method, "a", "b", "c"), bricks, backbone, new MergeOptions(2, false, 0));
      double lost = 0;
      double length = 0;
      for (Site site : whole.brick().on(backbone).sites()) {
        double[] all = change(whole.brick(), site);
        var tensors = new HashMap<String, Tensor>();
        cut.brick().tensors().forEach((name, data) -> tensors.put(name, Tensors.copyOf(data)));
        double[] kept = Tensors.toDoubles(Objects.requireNonNull(cut.brick().on(backbone).delta(site, tensors)).weight());
        Truncation best = Truncation.of(Tensors.doubles(all, site.out(), site.in()), 2);
        double distance = 0;
        for (int k = 0; k < all.length; k++) {
          distance += (all[k] - kept[k]) * (all[k] - kept[k]);
          length += all[k] * all[k];
        }
        assertEquals(best.lost(), Math.sqrt(distance), 1e-4);
        lost += distance;
      }
      assertEquals(2, cut.brick().options().lora().rank());
      assertEquals(Math.sqrt(lost / length), cut.lost(), 1e-4);
      assertTrue(cut.lost() > 0.01, method);
    }
  }

  @Test
  void merge_resultOfHighRank_isAFullDifference() {
    Recipe pruned = recipe("magnitude_prune", new Object[] {"density", 0.5}, "a", "b");
    SavedBrick merged = merge(pruned).brick();
    assertEquals("delta", merged.options().brick());
    Site query = backbone.sites().getFirst();
    assertEquals("encoder.layer.0.attention.self.query", query.name());
    double[] expected = Tensors.toDoubles(new MagnitudePruning().merge(
        Tensors.doubles(Stream.of(change("a", query), change("b", query)).flatMapToDouble(Arrays::stream).toArray(), 2, 64),
        pruned.at(query, 2), CounterRandom.of(1)));
    assertArrayEquals(expected, change(merged, query), 1e-5);
    Merged full = Merger.merge(recipe("average", "a", "b"), bricks, backbone, new MergeOptions(0, true, 0));
    assertEquals("delta", full.brick().options().brick());
    assertArrayEquals(mix(changes(query), 0.5, 0.5), change(full.brick(), query), 1e-5);
  }

  @Test
  void merge_otherKinds_areMergedByWhatTheyAddToWeights() {
    add("dora", "dora", new LoraOptions(2, 4, 0, "query|value"));
    add("sparse", "sparse:density=0.25", new LoraOptions(2, 4, 0, "value"));
    SavedBrick merged = merge(recipe("linear", new Object[] {"normalize", 0}, "dora", "sparse", "a")).brick();
    for (Site site : backbone.sites()) {
      assertArrayEquals(mix(new double[][] {change("dora", site), change("sparse", site), change("a", site)}, 1, 1, 1),
          change(merged, site), 1e-5, site.name());
    }
  }

  @Test
  void merge_base_differencesAreTakenFromItAndItIsAddedAgain() {
    var recipe = new Recipe("task_arithmetic", "a", List.of(new Recipe.Model("b"), new Recipe.Model("a")),
        RecipeTest.numbers("lambda", 0.25));
    SavedBrick merged = merge(recipe).brick();
    for (Site site : backbone.sites()) {
      assertArrayEquals(mix(changes(site), 0.75, 0.25, 0), change(merged, site), 1e-5, site.name());
    }
    assertEquals(List.of("a", "b"), merged.provenance().parents());
    var along = new Recipe("slerp", "b", List.of(new Recipe.Model("a"), new Recipe.Model("b")), RecipeTest.numbers("t", 0));
    Site query = backbone.sites().getFirst();
    assertArrayEquals(change("b", query), change(merge(along).brick(), query), 1e-5);
  }

  @Test
  void merge_numbersOfSites_differFromSiteToSite() {
    var weights = new RecipeValue.Filtered(List.of(
        new RecipeValue.Filtered.Case("query", new RecipeValue.Scalar(0.5)),
        new RecipeValue.Filtered.Case(null, new RecipeValue.Gradient(List.of(1.0, 3.0)))));
    var recipe = new Recipe("task_arithmetic", null,
        List.of(new Recipe.Model("a", RecipeTest.numbers("weight", weights))), RecipeTest.numbers());
    SavedBrick merged = merge(recipe).brick();
    for (Site site : merged.on(backbone).sites()) {
      double weight = site.name().endsWith("query") ? 0.5 : 1 + 2 * site.block();
      assertArrayEquals(mix(new double[][] {change("a", site)}, weight), change(merged, site), 1e-5, site.name());
    }
  }

  @Test
  void merge_pcb_comparesWholeBricks() {
    SavedBrick merged = merge(recipe("pcb", new Object[] {"ratio", 0.3}, "a", "b")).brick();
    List<Site> sites = merged.on(backbone).sites();
    double[] flat = Stream.of("a", "b")
        .flatMapToDouble(name -> sites.stream().flatMapToDouble(site -> Arrays.stream(change(name, site)))).toArray();
    double[] expected = Tensors.toDoubles(new Pcb().merge(Tensors.doubles(flat, 2, flat.length / 2),
        new Numbers(Map.of(), Map.of("ratio", 0.3, "lambda", 1.0)), CounterRandom.of(1)));
    double[] found = sites.stream().flatMapToDouble(site -> Arrays.stream(change(merged, site))).toArray();
    assertArrayEquals(expected, found, 1e-5);
  }

  @Test
  void merge_sameRecipeAndSeed_givesTheSameBitsAndLineage() {
    Recipe recipe = recipe("dare_ties", new Object[] {"density", 0.5}, "a", "c");
    var options = new MergeOptions(0, false, 5);
    SavedBrick first = Merger.merge(recipe, bricks, backbone, options).brick();
    assertEquals(first, Merger.merge(recipe, bricks, backbone, options).brick());
    assertNotEquals(first.tensors(), merge(recipe).brick().tensors());
    var numbers = new TreeMap<>(Map.of("density of a", "0.5", "density of c", "0.5", "weight of a", "1", "weight of c", "1",
        "lambda", "1", "normalize", "0", "digest of a", Objects.requireNonNull(bricks.get("a")).digest(), "digest of c",
        Objects.requireNonNull(bricks.get("c")).digest()));
    assertEquals(new Provenance("stream 0", 5, "dare_ties", "0.1", List.of("a", "c"), backbone.digest(), "0-3", numbers),
        first.provenance());
    assertNotEquals(numbers.get("digest of a"), numbers.get("digest of c"));
    assertEquals("", merge(recipe("average", "a", "b")).brick().provenance().stream());
  }

  @Test
  void unmerge_adaptationTakenOff_restoresTheBits() {
    Map<String, SavedBrick> before = Map.copyOf(bricks);
    float[] alone = features(Adaptation.NONE);
    SavedBrick merged = merge(recipe("ties", "a", "b", "c")).brick();
    var tensors = new HashMap<String, Tensor>();
    merged.tensors().forEach((name, data) -> tensors.put(name, Tensors.copyOf(data)));
    assertFalse(Arrays.equals(alone, features(merged.on(backbone).adaptation(tensors))));
    assertArrayEquals(alone, features(Adaptation.NONE), 0f);
    assertEquals(before, bricks);
  }

  private float[] features(Adaptation adaptation) {
    Pass pass = backbone.pass(backbone.prepare(List.of(new Input.Text("a b c"), new Input.Text("e d"))));
    return Tensors.toFloats(pass.pool(pass.advance(pass.start(), 0, backbone.blocks(), adaptation)));
  }

  @ParameterizedTest
  @MethodSource("dev.perennial.merge.Recipe#methods")
  void merge_everyMethod_canBeWrittenAndRead(String method, @TempDir Path dir) {
    SavedBrick merged = merge(recipe(method, "a", "c")).brick();
    BrickFiles.write(dir.resolve("merged"), merged, backbone);
    SavedBrick read = BrickFiles.read(dir.resolve("merged"), backbone);
    assertEquals(merged.tensors(), read.tensors());
    assertEquals(merged.provenance(), read.provenance());
    for (Site site : backbone.sites()) {
      assertArrayEquals(delta(merged, site), delta(read, site), 0, site.name());
    }
  }

  private double[] delta(SavedBrick saved, Site site) {
    var tensors = new HashMap<String, Tensor>();
    saved.tensors().forEach((name, data) -> tensors.put(name, Tensors.copyOf(data)));
    Brick brick = saved.on(backbone);
    return brick.sites().contains(site)
        ? Tensors.toDoubles(Objects.requireNonNull(brick.delta(site, tensors)).weight())
        : new double[0];
  }

  @Test
  void search_knownWeights_areFoundAndTheStartIsNeverLost() {
    List<Site> sites = backbone.sites();
    double[][] wanted = new double[sites.size()][];
    for (int i = 0; i < wanted.length; i++) {
      wanted[i] = mix(changes(sites.get(i)), 0.3, 0.8);
    }
    Recipe start = recipe("task_arithmetic", "a", "b");
    var options = new MergeOptions(0, true, 4);
    RecipeSearch.Trial first = RecipeSearch.best(
        start, bricks, backbone, options, 1, merged -> -off(merged, wanted), SearchListener.NONE);
    assertEquals(start, first.recipe());
    RecipeSearch.Trial best = RecipeSearch.best(
        start, bricks, backbone, options, 180, merged -> -off(merged, wanted), SearchListener.NONE);
    assertTrue(best.score() > first.score());
    Numbers found = best.recipe().at(sites.getFirst(), 2);
    assertArrayEquals(new double[] {0.3, 0.8}, found.each(Setting.WEIGHT), 0.01);
    assertEquals(best.score(), -off(best.merged().brick(), wanted));
    assertThrows(UsageException.class, () -> RecipeSearch.best(
        recipe("average", "a", "b"), bricks, backbone, options, 5, merged -> 0, SearchListener.NONE));
    assertEquals(
        start, RecipeSearch.best(start, bricks, backbone, options, 9, merged -> 0, SearchListener.NONE).recipe());
  }

  private double off(SavedBrick merged, double[][] wanted) {
    double off = 0;
    for (int i = 0; i < wanted.length; i++) {
      double[] found = change(merged, backbone.sites().get(i));
      for (int k = 0; k < found.length; k++) {
        off += (found[k] - wanted[i][k]) * (found[k] - wanted[i][k]);
      }
    }
    return off;
  }

  private void refused(Class<? extends PerennialException> type, String words, Recipe recipe) {
    String message = Objects.requireNonNull(assertThrows(type, () -> merge(recipe)).getMessage());
    assertTrue(message.contains(words), message);
    assertEquals(1, message.lines().count());
  }

  @Test
  void merge_bricksThatCannotBeMerged_areRefusedInOneLine() {
    add("ia3", "ia3", LoraOptions.DEFAULT);
    add("prompt", "prompt:tokens=3", LoraOptions.DEFAULT);
    add("adapter", "adapter", LoraOptions.DEFAULT);
    SavedBrick a = Objects.requireNonNull(bricks.get("a"));
    bricks.put("stranger", new SavedBrick(a.options(), a.tensors(), a.fixed(), a.head(),
        new Provenance("", 0, "x", "", List.of(), "another digest", "")));
    var broken = new TreeMap<>(a.tensors());
    TensorData last = a.tensors().lastEntry().getValue();
    float[] values = last.floats();
    values[0] = Float.NaN;
    broken.put(a.tensors().lastKey(),
        TensorData.of(values, last.shape().stream().mapToLong(Long::longValue).toArray()));
    bricks.put("broken", SavedBrick.of(a.options(), broken, Map.of(), null, a.provenance()));
    refused(UsageException.class, "ia3", recipe("average", "a", "ia3"));
    refused(UsageException.class, "prompt", recipe("average", "a", "prompt"));
    refused(UsageException.class, "adapter", recipe("average", "a", "adapter"));
    refused(UsageException.class, "another digest", recipe("average", "a", "stranger"));
    refused(UsageException.class, "got nobody", recipe("average", "a", "nobody"));
    refused(FailureException.class, "finite", recipe("average", "a", "broken"));
    refused(UsageException.class, "base_model",
        new Recipe("average", "a", List.of(new Recipe.Model("b")), RecipeTest.numbers()));
    var nowhere = new RecipeValue.Filtered(
        List.of(new RecipeValue.Filtered.Case("nowhere", new RecipeValue.Scalar(1))));
    refused(UsageException.class, "nowhere", recipe("ties", new Object[] {"weight", nowhere}, "a", "b"));
    assertThrows(UsageException.class, () -> new MergeOptions(4, true, 0));
    assertThrows(UsageException.class, () -> new MergeOptions(2000, false, 0));
  }
}
