package dev.perennial.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Site;
import dev.perennial.data.Input;
import dev.perennial.tensor.Tensors;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

final class MixtureTest extends RouteFixture {

  private Tensor features(Adaptation adaptation, String... texts) {
    Pass pass = backbone.pass(backbone.prepare(List.of(texts).stream().map(Input.Text::new).toList()));
    Adaptation once = adaptation.forPass();
    return pass.pool(pass.advance(pass.start(once), 0, backbone.blocks(), once));
  }

  /** The formula, with each brick asked alone. */
  private static double[][] mixed(List<Mixture.Expert> experts, Site site, Tensor input, Tensor output, double[][] weights) {
    double[][] sum = rows(output);
    double[][] plain = rows(output);
    for (int e = 0; e < experts.size(); e++) {
      var function = experts.get(e).brick().adaptation(experts.get(e).tensors()).forPass().at(site.index());
      if (function == null) {
        continue;
      }
      double[][] alone = rows(function.apply(input, output));
      for (int row = 0; row < sum.length; row++) {
        for (int i = 0; i < sum[row].length; i++) {
          sum[row][i] += weights[row][e] * (alone[row][i] - plain[row][i]);
        }
      }
    }
    return sum;
  }

  private static SiteRouter fixed(List<Site> sites, Tensor weights) {
    return new SiteRouter() {
      @Override
      public List<Site> sites() {
        return sites;
      }

      @Override
      public Map<Site, Router> pass() {
        return Map.of(sites.getFirst(), inputs -> weights);
      }
    };
  }

  private void assertMixed(List<Mixture.Expert> experts) {
    Site site = site("query");
    double[][] weights = {{0.5, 0.5, 0}, {0, 0.25, 0}, {0, 0, 0}};
    float[] flat = {0.5f, 0.5f, 0, 0, 0.25f, 0, 0, 0, 0};
    Tensor input = normal(1, 3, site.in());
    Tensor output = normal(2, 3, site.out());
    Adaptation mixture = Mixture.bySite(experts, fixed(List.of(site), Tensors.floats(flat, 3, 3))).forPass();
    assertRows(mixed(experts, site, input, output, weights), Objects.requireNonNull(mixture.at(site.index())).apply(input, output), 1e-5);
  }

  @Test
  void bySite_lowRankOfUnlikeRanks_isWeightedSum() {
    assertMixed(List.of(expert("lora", 2, "query", 1), expert("lora", 3, "query|value", 2), expert("lora", 1, "query", 3)));
    assertMixed(List.of(expert("lora", 2, "value", 1), expert("lora", 3, "query", 2), expert("lora", 1, "query", 3)));
  }

  @Test
  void bySite_otherKindsAmongThem_isWeightedSum() {
    assertMixed(List.of(expert("ia3", 2, "query", 1), expert("lora", 3, "query", 2), expert("dora", 1, "query", 3)));
  }

  @Test
  void byRow_oneBrickARow_isAdaptationByRow() {
    List<Mixture.Expert> experts = List.of(expert("lora", 2, "query", 1), expert("lora", 3, "value|output.dense", 2));
    Tensor weights = Tensors.floats(new float[] {0, 1, 1, 0, 0, 0}, 3, 2);
    List<Adaptation> choices = List.of(experts.get(0).brick().adaptation(experts.get(0).tensors()),
        experts.get(1).brick().adaptation(experts.get(1).tensors()), Adaptation.NONE);
    String[] texts = {"a b c", "d e", "b"};
    assertRows(rows(features(Adaptation.byRow(choices, 1, 0, 2), texts)),
        features(Mixture.byRow(experts, weights), texts), 1e-5);
  }

  @Test
  void arrow_overBackbone_actsAsTheBrickThatIsAlone() {
    var expert = expert("lora", 2, "query|value", 1);
    var byBrick = new TreeMap<String, Map<String, float[]>>();
    byBrick.put("only", Arrow.vectors(expert.brick(), expert.tensors()));
    try (var arrow = new Arrow(new SiteVectors(byBrick), backbone.sites(), Arrow.Options.DEFAULT)) {
      Tensor routed = features(Mixture.bySite(List.of(expert), arrow), "a b c", "d");
      assertRows(rows(features(expert.brick().adaptation(expert.tensors()), "a b c", "d")), routed, 1e-5);
    }
  }

  @Test
  void expert_ofTokens_isRefused() {
    assertEquals(2, backbone.blocks());
    assertThrows(UsageException.class, () -> expert("prompt", 2, "usual", 1));
  }
}
