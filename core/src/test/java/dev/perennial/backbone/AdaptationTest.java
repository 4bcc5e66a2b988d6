package dev.perennial.backbone;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class AdaptationTest {

  private static final int HIDDEN = 8;
  private static final int[] A = {2, 4, 5, 3};
  private static final int[] B = {2, 6, 3};
  private static final int[] C = {2, 7, 8, 4, 5, 3};

  private Backbone backbone;
  private TensorScope scope;

  @BeforeEach
  void open() {
    backbone = TinyBert.backbone(Pooling.MEAN);
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
    backbone.close();
  }

  @Test
  void frozen_everySite_isTheMapThatTheEncoderComputes() {
    var seen = new ArrayList<String>();
    var functions = new HashMap<Site, SiteFunction>();
    for (Site site : backbone.sites()) {
      functions.put(site, (input, output) -> {
        FrozenMap map = backbone.frozen(site);
        float[] expected = Tensors.toFloats(output);
        assertArrayEquals(expected,
            Tensors.toFloats(torch.linear(input, map.weight(), new TensorOptional(map.bias()))), 1e-5f, site.name());
        seen.add(site.name());
        return output;
      });
    }
    features(Adaptation.ofSites(functions), A, B);
    assertEquals(backbone.sites().stream().map(Site::name).toList(), seen);
  }

  @Test
  void byRow_lowRankBricksOfUnlikeRanks_giveEachRowWhatItsOwnBrickGives() {
    List<Adaptation> choices = List.of(lowRank(1, 2), Adaptation.NONE, lowRank(2, 3));
    assertRowsAreTheirOwn(choices, 2, 1, 0);
    assertRowsAreTheirOwn(choices, 2, 2, 0);
  }

  @Test
  void rowChoices_keptByAnOwner_serveManyBatchesBeyondTheirScope() {
    List<Adaptation> choices = List.of(lowRank(1, 2), Adaptation.NONE, lowRank(2, 3));
    try (var owner = new TensorOwner()) {
      RowChoices kept;
      try (TensorScope inner = TensorScope.inference()) {
        kept = new RowChoices(choices).keptBy(owner);
      }
      for (int[] rows : new int[][] {{2, 1, 0}, {0, 0, 2}}) {
        int[][] texts = {A, B, C};
        float[] together = features(kept.of(rows), texts);
        for (int row = 0; row < 3; row++) {
          assertArrayEquals(features(choices.get(rows[row]), texts[row]),
              Arrays.copyOfRange(together, row * HIDDEN, (row + 1) * HIDDEN), 1e-5f);
        }
      }
      assertThrows(IndexOutOfBoundsException.class, () -> kept.of(0, 3));
    }
  }

  @Test
  void byRow_bricksOfAnyKind_giveEachRowWhatItsOwnBrickGives() {
    Site site = backbone.sites().get(3);
    Adaptation halved = Adaptation.ofSites(Map.of(site, (input, output) -> output.mul(new Scalar(0.5))));
    Adaptation fed = Adaptation.ofSites(Map.of(site, (input, output) -> output.add(torch.tanh(input))));
    assertRowsAreTheirOwn(List.of(halved, lowRank(1, 2), fed, Adaptation.NONE), 2, 0, 1);
    assertRowsAreTheirOwn(List.of(halved, fed, Adaptation.NONE), 2, 0, 0);
  }

  @Test
  void byRow_promptsAndPrefixes_giveEachRowWhatItsOwnBrickGives() {
    assertRowsAreTheirOwn(List.of(prompt(1, 2), prompt(2, 2)), 1, 0, 1);
    assertRowsAreTheirOwn(List.of(prefix(1, 2), prefix(2, 2), prefix(3, 2)), 2, 0, 1);
  }

  @Test
  void byRow_unlikeNumbersOfVirtualTokens_areRefused() {
    var refused = assertThrows(
        UsageException.class, () -> Adaptation.byRow(List.of(prompt(1, 2), Adaptation.NONE), 0, 1));
    assertTrue(String.valueOf(refused.getMessage()).contains("got 2 of a prompt, 0 of a prefix and 0 of a prompt"), refused.getMessage());
  }

  @Test
  void together_bricksThatAdd_addUpAndTokensStandInOrder() {
    Site site = backbone.sites().getFirst();
    Tensor input = normal(1, 4, HIDDEN);
    Tensor output = normal(2, 4, HIDDEN);
    SiteFunction first = (seen, before) -> before.add(seen);
    SiteFunction second = (seen, before) -> before.mul(new Scalar(3.0));
    SiteFunction both = Objects.requireNonNull(Adaptation.together(List.of(
        Adaptation.ofSites(Map.of(site, first)), prompt(1, 2), Adaptation.ofSites(Map.of(site, second)), prompt(2, 3)))
        .at(site.index()));
    assertArrayEquals(Tensors.toFloats(output.add(input).mul(new Scalar(3.0))),
        Tensors.toFloats(both.apply(input, output)), 1e-6f);
    Tensor joined = Tensors.concat(0, normal(1, 2, HIDDEN), normal(2, 3, HIDDEN));
    assertArrayEquals(
        features(Adaptation.ofTokens(new VirtualTokens(joined, Map.of(), null)), A, B),
        features(Adaptation.together(List.of(prompt(1, 2), prompt(2, 3))), A, B), 1e-6f);
  }

  @Test
  void prompt_ofTheEmbeddingsOfTokens_isThoseTokens() {
    Tensor words = Tensors.copyOf(
        Objects.requireNonNull(TinyBert.tensors().get("embeddings.word_embeddings.weight")));
    Tensor prompt = Tensors.rows(words, new long[] {4, 5, 6});
    Pass whole = backbone.pass(List.of(new Row.Tokens(new int[] {4, 5, 6, 7, 8})));
    Tensor expected = whole.advance(whole.start(), 0, 2, Adaptation.NONE);
    Adaptation adaptation = Adaptation.ofTokens(new VirtualTokens(prompt, Map.of(), null));
    Pass pass = backbone.pass(List.of(new Row.Tokens(new int[] {7, 8}), new Row.Tokens(new int[] {7})));
    Tensor state = pass.advance(pass.start(adaptation), 0, 2, adaptation);
    assertArrayEquals(Tensors.toFloats(expected.select(0, 0)), Tensors.toFloats(state.select(0, 0)), 1e-5f);
    assertArrayEquals(Tensors.toFloats(expected.select(0, 0).narrow(0, 3, 2).mean(new long[] {0})),
        Tensors.toFloats(pass.pool(state).select(0, 0)), 1e-5f);
    assertArrayEquals(features(adaptation, new int[] {7}), Tensors.toFloats(pass.pool(state).select(0, 1)), 1e-5f);
  }

  @Test
  void prefix_ofTheKeysAndValuesOfTokens_isThoseTokens() {
    Pass whole = backbone.pass(List.of(new Row.Tokens(new int[] {4, 5, 7, 8})));
    var prefixes = new HashMap<Integer, VirtualTokens.Prefix>();
    Tensor state = whole.start();
    for (int block = 0; block < 2; block++) {
      Tensor first = state.select(0, 0).narrow(0, 0, 2);
      prefixes.put(block, new VirtualTokens.Prefix(mapped(block, 1, first), mapped(block, 2, first)));
      state = whole.advance(state, block, block + 1, Adaptation.NONE);
    }
    Adaptation adaptation = Adaptation.ofTokens(new VirtualTokens(null, prefixes, null));
    float[] expected = Tensors.toFloats(state.select(0, 0).narrow(0, 2, 2).mean(new long[] {0}));
    assertArrayEquals(expected, features(adaptation, new int[] {7, 8}), 1e-5f);
    assertArrayEquals(expected, Arrays.copyOf(features(adaptation, new int[] {7, 8}, new int[] {4}), HIDDEN), 1e-5f);
  }

  private Tensor mapped(int block, int place, Tensor input) {
    FrozenMap map = backbone.frozen(backbone.sites().get(6 * block + place));
    return torch.linear(input, map.weight(), new TensorOptional(map.bias()));
  }

  @Test
  void shift_ofEmbeddings_isAddedToTokensByTheirPlace() {
    Tensor words = Tensors.copyOf(
        Objects.requireNonNull(TinyBert.tensors().get("embeddings.word_embeddings.weight")));
    Tensor shift = words.select(0, 8).sub(words.select(0, 4)).view(1, HIDDEN);
    Adaptation adaptation = Adaptation.ofTokens(new VirtualTokens(null, Map.of(), shift));
    assertArrayEquals(
        features(Adaptation.NONE, new int[] {8, 4, 5}), features(adaptation, new int[] {4, 4, 5}), 1e-5f);
    Tensor longer = Tensors.concat(0, shift, normal(3, 9, HIDDEN));
    assertArrayEquals(features(adaptation, new int[] {4}),
        features(Adaptation.ofTokens(new VirtualTokens(null, Map.of(), longer)), new int[] {4}), 1e-6f);
  }

  @Test
  void cutAndJoin_statesWithAPrompt_goOnToTheSame() {
    Adaptation adaptation = prompt(1, 2);
    Pass before = backbone.pass(rows(A, B));
    Tensor state = before.advance(before.start(adaptation), 0, 1, adaptation);
    float[] all = Tensors.toFloats(state);
    Pass after = backbone.pass(rows(B, A));
    Tensor joined = after.join(new float[][] {before.cut(all, 1), before.cut(all, 0)});
    float[] swapped = Tensors.toFloats(after.pool(after.advance(joined, 1, 2, adaptation)));
    float[] straight = Tensors.toFloats(before.pool(before.advance(state, 1, 2, adaptation)));
    assertArrayEquals(Arrays.copyOf(straight, HIDDEN), Arrays.copyOfRange(swapped, HIDDEN, 2 * HIDDEN), 1e-5f);
    assertArrayEquals(Arrays.copyOfRange(straight, HIDDEN, 2 * HIDDEN), Arrays.copyOf(swapped, HIDDEN), 1e-5f);
  }

  @Test
  void start_moreTokensThanPositions_isRefused() {
    Adaptation adaptation = prompt(1, 12);
    assertThrows(UsageException.class, () -> features(adaptation, C));
  }

  private void assertRowsAreTheirOwn(List<Adaptation> choices, int... rows) {
    int[][] texts = {A, B, C};
    float[] together = features(Adaptation.byRow(choices, rows), texts);
    for (int row = 0; row < texts.length; row++) {
      float[] own = features(choices.get(rows[row]), texts[row]);
      assertArrayEquals(own, Arrays.copyOfRange(together, row * HIDDEN, (row + 1) * HIDDEN), 2e-5f, "row " + row);
    }
  }

  private float[] features(Adaptation adaptation, int[]... texts) {
    Pass pass = backbone.pass(rows(texts));
    return Tensors.toFloats(pass.pool(pass.advance(pass.start(adaptation), 0, 2, adaptation)));
  }

  private static List<Row> rows(int[]... texts) {
    return Arrays.stream(texts).<Row>map(Row.Tokens::new).toList();
  }

  private Adaptation lowRank(int use, int rank) {
    var functions = new HashMap<Site, SiteFunction>();
    for (Site site : backbone.sites()) {
      functions.put(site, new LowRank(
          normal(10 * use + site.index(), rank, site.in()), normal(1000 * use + site.index(), site.out(), rank), 0.1 * use));
    }
    return Adaptation.ofSites(functions);
  }

  private static Adaptation prompt(int use, int tokens) {
    return Adaptation.ofTokens(new VirtualTokens(normal(use, tokens, HIDDEN), Map.of(), null));
  }

  private static Adaptation prefix(int use, int tokens) {
    return Adaptation.ofTokens(new VirtualTokens(null, Map.of(
        0, new VirtualTokens.Prefix(normal(use, tokens, HIDDEN), normal(use + 50, tokens, HIDDEN)),
        1, new VirtualTokens.Prefix(normal(use + 60, tokens, HIDDEN), normal(use + 70, tokens, HIDDEN))), null));
  }

  private static Tensor normal(int use, long rows, long columns) {
    return Tensors.gaussians(CounterRandom.of(3, use), 0, rows * columns).view(rows, columns);
  }
}
