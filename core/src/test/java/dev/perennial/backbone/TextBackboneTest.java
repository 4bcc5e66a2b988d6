package dev.perennial.backbone;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.data.Input;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

final class TextBackboneTest extends BackboneContractTest {

  @Override
  Backbone open() {
    return TinyBert.backbone(Pooling.MEAN);
  }

  @Override
  List<Input> inputs() {
    return List.of(new Input.Text("a b"), new Input.Text("c"), new Input.Text("a b c d e a b c d e"),
        new Input.Text("e d"), new Input.Text("b b b b"));
  }

  @Override
  Input foreign() {
    return new Input.Image(1, 1, 1, new byte[1]);
  }

  @Test
  void initialise_ofAFrozenBackbone_addsNothing() {
    try (Backbone backbone = open(); Parameters parameters = new Parameters()) {
      backbone.initialise(parameters);
      assertEquals(0, parameters.size());
    }
  }

  @Test
  void sites_ofABlock_areItsLinearMaps() {
    try (Backbone backbone = open()) {
      assertEquals(12, backbone.sites().size());
      assertEquals(new Site(0, "encoder.layer.0.attention.self.query", 0, 8, 8), backbone.sites().get(0));
      assertEquals(new Site(10, "encoder.layer.1.intermediate.dense", 1, 8, 12), backbone.sites().get(10));
      assertEquals(new Site(11, "encoder.layer.1.output.dense", 1, 12, 8), backbone.sites().get(11));
    }
  }

  /** At every site: it is given the shapes it was promised, changes what blocks after it see, and nothing before. */
  @Test
  void brick_atASite_actsFromItsBlockOn() {
    try (Backbone backbone = open()) {
      List<Row> rows = backbone.prepare(inputs());
      for (Site site : backbone.sites()) {
        try (TensorScope scope = TensorScope.inference()) {
          Pass pass = backbone.pass(rows);
          Set<List<Long>> shapes = new HashSet<>();
          Adaptation half = Adaptation.ofSites(Map.of(site, (input, output) -> {
            shapes.add(List.of(input.size(0), input.size(1), output.size(0), output.size(1)));
            return output.mul(new Scalar(0.5));
          }));
          assertEquals(site.block(), half.lowestBlock());
          Tensor start = pass.start();
          float[] below = Tensors.toFloats(pass.advance(start, 0, site.block(), half));
          assertArrayEquals(Tensors.toFloats(pass.advance(start, 0, site.block(), Adaptation.NONE)), below);
          float[] after = Tensors.toFloats(pass.advance(start, 0, site.block() + 1, half));
          float[] alone = Tensors.toFloats(pass.advance(start, 0, site.block() + 1, Adaptation.NONE));
          assertFalse(Arrays.equals(alone, after), site.name());
          long tokens = 5 * 12;
          assertEquals(Set.of(List.of(tokens, (long) site.in(), tokens, (long) site.out())), shapes);
        }
      }
    }
  }

  @Test
  void brick_thatChangesNothing_leavesTheFeatures() {
    try (Backbone backbone = open(); TensorScope scope = TensorScope.training()) {
      Pass pass = backbone.pass(backbone.prepare(inputs()));
      var functions = new HashMap<Site, SiteFunction>();
      backbone.sites().forEach(site -> functions.put(site, (input, output) -> output.add(new Scalar(0.0))));
      float[] plain = Tensors.toFloats(pass.pool(pass.advance(pass.start(), 0, 2, Adaptation.NONE)));
      float[] adapted = Tensors.toFloats(pass.pool(pass.advance(pass.start(), 0, 2, Adaptation.ofSites(functions))));
      assertArrayEquals(plain, adapted, 1e-6f);
    }
  }

  @Test
  void features_withAndWithoutGradients_areTheSameBits() {
    try (Backbone backbone = open()) {
      List<Row> rows = backbone.prepare(inputs());
      float[][] both = new float[2][];
      for (int i = 0; i < 2; i++) {
        try (TensorScope scope = i == 0 ? TensorScope.inference() : TensorScope.training()) {
          Pass pass = backbone.pass(rows);
          both[i] = Tensors.toFloats(pass.pool(pass.advance(pass.start(), 0, 2, Adaptation.NONE)));
        }
      }
      assertArrayEquals(both[0], both[1]);
    }
  }

  @Test
  void pool_ofLastStates_isTheirMeanOrTheFirstToken() {
    try (Backbone mean = TinyBert.backbone(Pooling.MEAN); Backbone cls = TinyBert.backbone(Pooling.CLS);
        TensorScope scope = TensorScope.inference()) {
      List<Row> rows = mean.prepare(inputs());
      Pass pass = mean.pass(rows);
      Tensor last = pass.advance(pass.start(), 0, 2, Adaptation.NONE);
      float[] states = Tensors.toFloats(last);
      float[] means = Tensors.toFloats(pass.pool(last));
      float[] firsts = Tensors.toFloats(cls.pass(rows).pool(last));
      for (int row = 0; row < 5; row++) {
        float[] own = pass.cut(states, row);
        int tokens = own.length / 8;
        assertEquals(rows.get(row).length(), tokens);
        for (int i = 0; i < 8; i++) {
          double sum = 0;
          for (int token = 0; token < tokens; token++) {
            sum += own[token * 8 + i];
          }
          assertEquals(sum / tokens, means[row * 8 + i], 1e-6);
          assertEquals(own[i], firsts[row * 8 + i]);
        }
      }
      assertNotEquals(mean.digest(), cls.digest());
    }
  }

  @Test
  void passForScores_rowsOfUnlikeLengths_packsThemAndGivesTheSameFeatures() {
    for (Pooling pooling : Pooling.values()) {
      try (Backbone backbone = TinyBert.backbone(pooling); TensorScope scope = TensorScope.inference()) {
        Site site = backbone.sites().get(4);
        SiteFunction halved = (input, output) -> output.mul(new Scalar(0.5));
        for (Adaptation adaptation : List.of(Adaptation.NONE, Adaptation.ofSites(Map.of(site, halved)))) {
          List<Row> rows = backbone.prepare(inputs());
          Pass packed = backbone.passForScores(rows, adaptation);
          Tensor start = packed.start(adaptation);
          int tokens = rows.stream().mapToInt(Row::length).sum();
          assertArrayEquals(new long[] {1, tokens, backbone.width()}, start.shape());
          assertArrayEquals(features(backbone.pass(rows), adaptation), features(packed, adaptation), 1e-5f);
        }
      }
    }
  }

  @Test
  void passForScores_bricksThatCountOnRows_doesNotPack() {
    try (Backbone backbone = TinyBert.backbone(Pooling.MEAN); TensorScope scope = TensorScope.inference()) {
      List<Row> rows = backbone.prepare(inputs());
      Site site = backbone.sites().get(4);
      Adaptation halved = Adaptation.ofSites(Map.of(site, (input, output) -> output.mul(new Scalar(0.5))));
      Adaptation byRow = Adaptation.together(
          List.of(Adaptation.byRow(List.of(Adaptation.NONE, halved), 0, 1, 1, 0, 1), Adaptation.NONE));
      Adaptation prompt = Adaptation.ofTokens(new VirtualTokens(Tensors.floats(new float[16], 2, 8), Map.of(), null));
      for (Adaptation adaptation : List.of(byRow, prompt)) {
        assertArrayEquals(features(backbone.pass(rows), adaptation),
            features(backbone.passForScores(rows, adaptation), adaptation));
      }
    }
  }

  private static float[] features(Pass pass, Adaptation adaptation) {
    return Tensors.toFloats(pass.pool(pass.advance(pass.start(adaptation), 0, 2, adaptation)));
  }

  @Test
  void prepare_tokenIdsThatTheModelLacks_isAFailure() {
    LibTorch.load();
    String other = TinyBert.TOKENIZER_JSON.replace("\"e\": 8", "\"e\": 9");
    var json = new ByteArrayInputStream(other.getBytes(StandardCharsets.UTF_8));
    try (TensorScope scope = TensorScope.inference();
        Backbone backbone = new TextBackbone("tiny",
            BertWeights.fromOnnx(new ByteArrayInputStream(TinyBert.onnx()), "memory", 2), Pooling.MEAN,
            new TextTokenizer(json, "memory", 16), Device.CPU)) {
      assertEquals(4, backbone.prepare(List.of(new Input.Text("a b"))).getFirst().length());
      String message = Refusal.message(FailureException.class, () -> backbone.prepare(List.of(new Input.Text("a e"))));
      assertTrue(message.contains("below 9") && message.contains("got 9"), message);
    }
  }
}
