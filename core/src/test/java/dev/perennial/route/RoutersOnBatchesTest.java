package dev.perennial.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Site;
import dev.perennial.data.Input;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every router that decides by token and site, over whole batches through the backbone. */
final class RoutersOnBatchesTest extends RouteFixture {

  private static final String[] TEXTS = {"a b c", "d", "e a", "b b d c"};

  private List<Mixture.Expert> experts = List.of();

  @BeforeEach
  void makeBricks() {
    experts = List.of(expert("lora", 2, "query|value", 1), expert("lora", 3, "query|output.dense", 2),
        expert("lora", 1, "query|value", 3), expert("lora", 2, "query", 4));
  }

  private Tensor features(Adaptation adaptation, String... texts) {
    Pass pass = backbone.pass(backbone.prepare(Arrays.stream(texts).map(Input.Text::new).toList()));
    Adaptation once = adaptation.forPass();
    return pass.pool(pass.advance(pass.start(once), 0, backbone.blocks(), once));
  }

  /** Sites where any brick acts, in order. */
  private List<Site> sites() {
    return backbone.sites().stream()
        .filter(site -> experts.stream().anyMatch(expert -> expert.brick().sites().contains(site))).toList();
  }

  private SiteVectors vectors(boolean arrows) {
    var byBrick = new TreeMap<String, Map<String, float[]>>();
    for (int i = 0; i < experts.size(); i++) {
      var own = new HashMap<String, float[]>();
      for (Site site : experts.get(i).brick().sites()) {
        own.put(site.name(), normals(50 + 10 * i + site.index(), site.in()));
      }
      byBrick.put("b" + i, arrows ? Arrow.vectors(experts.get(i).brick(), experts.get(i).tensors()) : own);
    }
    return new SiteVectors(byBrick);
  }

  private void withEvery(Consumer<SiteRouter> check) {
    try (var arrow = new Arrow(vectors(true), backbone.sites(), new Arrow.Options(1, 0.1))) {
      check.accept(arrow);
    }
    try (var phatgoose = new Phatgoose(vectors(false), backbone.sites(), Phatgoose.Options.DEFAULT)) {
      check.accept(phatgoose);
    }
    var gates = new HashMap<Site, Tensor>();
    sites().forEach(site -> gates.put(site, normal(90 + site.index(), experts.size(), site.in())));
    check.accept(new TopP(gates, TopP.Options.DEFAULT));
    var options = new Recurrent.Options(5, 2);
    try (var parameters = new Parameters()) {
      Recurrent.initialise(options, sites(), experts.size(), parameters, CounterRandom.of(1));
      parameters.values().mul_(new Scalar(4));
      check.accept(new Recurrent(options, sites(), parameters.views()));
    }
  }

  @Test
  void bySite_rowsOfOneBatch_areRoutedAsEachIsAlone() {
    withEvery(router -> {
      double[][] together = rows(features(Mixture.bySite(experts, router), TEXTS));
      double[][] plain = rows(features(Adaptation.NONE, TEXTS));
      for (int row = 0; row < TEXTS.length; row++) {
        double[] alone = rows(features(Mixture.bySite(experts, router), TEXTS[row]))[0];
        double moved = 0;
        for (int i = 0; i < alone.length; i++) {
          assertEquals(alone[i], together[row][i], 1e-4, router.getClass() + ", row " + row);
          moved = Math.max(moved, Math.abs(plain[row][i] - together[row][i]));
        }
        assertTrue(moved > 1e-2, router.getClass() + " changes nothing in row " + row);
      }
    });
  }

  /** In inference every block has a scope of its own, which ends before the next block; in training none has. */
  @Test
  void bySite_inInference_isWhatItIsInTraining() {
    withEvery(router -> {
      double[][] inference = rows(features(Mixture.bySite(experts, router), TEXTS));
      try (TensorScope scope = TensorScope.training()) {
        assertRows(inference, features(Mixture.bySite(experts, router), TEXTS).detach(), 1e-5);
      }
    });
  }

  @Test
  void bySite_manyPasses_holdNoMorePointers() {
    withEvery(router -> {
      var counts = new ArrayList<Long>();
      for (int pass = 0; pass < 20; pass++) {
        try (TensorScope scope = TensorScope.inference()) {
          features(Mixture.bySite(experts, router), TEXTS);
        }
        counts.add(Pointer.totalCount());
      }
      assertEquals(counts.get(2), counts.getLast(), router.getClass()::toString);
    });
  }

  @Test
  void byRow_weightsOfAnyRouter_sendRowsOfOneBatchToTheirOwnBricks() {
    Tensor weights = Tensors.floats(new float[] {0, 1, 0, 0, 0.5f, 0, 0.5f, 0, 0, 0, 0, 1, 1, 0, 0, 0}, 4, 4);
    double[][] together = rows(features(Mixture.byRow(experts, weights), TEXTS));
    for (int row = 0; row < TEXTS.length; row++) {
      double[] alone = rows(features(Mixture.byRow(experts, weights.narrow(0, row, 1)), TEXTS[row]))[0];
      for (int i = 0; i < alone.length; i++) {
        assertEquals(alone[i], together[row][i], 1e-4);
      }
    }
  }
}
