package dev.perennial.backbone;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.perennial.data.Input;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The encoders in jars against ONNX Runtime on the same file. */
final class OnnxRuntimeOracleTest {

  private static final List<Input> TEXTS = List.of(
      new Input.Text("hello world"),
      new Input.Text(""),
      new Input.Text("what is my account balance, and when was the last time that I transferred money to my sister?"),
      new Input.Text("naïve café, 北京 — 42 £"),
      new Input.Text("a perennial plant lives for more than two years; the term is often used to tell it from annuals "
          + "and biennials, which live shorter. ".repeat(60)),
      new Input.Text("run"));

  /** Texts of 2 to 256 tokens, padded to the longest. */
  @ParameterizedTest
  @CsvSource({"minilm, all-minilm-l6-v2, false", "bge-small-en, bge-small-en-v1.5, true"})
  void features_ofAPaddedBatch_areThoseOfOnnxRuntime(String name, String file, boolean firstToken)
      throws IOException, OrtException {
    try (Backbone backbone = Backbones.load(name); TensorScope scope = TensorScope.inference()) {
      List<Row> rows = backbone.prepare(TEXTS);
      assertEquals(2, rows.get(1).length());
      assertEquals(256, rows.get(4).length());
      Pass pass = backbone.pass(rows);
      float[] states = Tensors.toFloats(pass.advance(pass.start(), 0, backbone.blocks(), Adaptation.NONE));
      float[] features = Tensors.toFloats(
          pass.pool(pass.advance(pass.start(), 0, backbone.blocks(), Adaptation.NONE)));
      float[][] expected = onnxRuntime("/" + file + ".onnx", rows);
      double ofTokens = 0;
      double ofFeatures = 0;
      for (int row = 0; row < rows.size(); row++) {
        float[] own = pass.cut(states, row);
        assertEquals(own.length, expected[row].length);
        for (int i = 0; i < own.length; i++) {
          ofTokens = Math.max(ofTokens, Math.abs(own[i] - expected[row][i]));
        }
        int tokens = firstToken ? 1 : rows.get(row).length();
        for (int i = 0; i < backbone.width(); i++) {
          double sum = 0;
          for (int token = 0; token < tokens; token++) {
            sum += expected[row][token * backbone.width() + i];
          }
          ofFeatures = Math.max(ofFeatures, Math.abs(sum / tokens - features[row * backbone.width() + i]));
        }
      }
      assertTrue(ofTokens <= 1e-5, "largest difference of a token's feature " + ofTokens);
      assertTrue(ofFeatures <= 1e-5, "largest difference of a text's feature " + ofFeatures);
    }
  }

  /** The last states of each row's own tokens. */
  private static float[][] onnxRuntime(String file, List<Row> rows) throws IOException, OrtException {
    int length = rows.stream().mapToInt(Row::length).max().orElseThrow();
    long[] shape = {rows.size(), length};
    long[] ids = new long[rows.size() * length];
    long[] mask = new long[ids.length];
    for (int row = 0; row < rows.size(); row++) {
      int[] tokens = ((Row.Tokens) rows.get(row)).ids();
      for (int i = 0; i < tokens.length; i++) {
        ids[row * length + i] = tokens[i];
        mask[row * length + i] = 1;
      }
    }
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (InputStream model = Objects.requireNonNull(OnnxRuntimeOracleTest.class.getResourceAsStream(file));
        OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      try (OrtSession session = environment.createSession(model.readAllBytes(), options);
          OnnxTensor tokens = OnnxTensor.createTensor(environment, LongBuffer.wrap(ids), shape);
          OnnxTensor attention = OnnxTensor.createTensor(environment, LongBuffer.wrap(mask), shape);
          OnnxTensor types = OnnxTensor.createTensor(environment, LongBuffer.wrap(new long[ids.length]), shape);
          OrtSession.Result result = session.run(
              Map.of("input_ids", tokens, "attention_mask", attention, "token_type_ids", types))) {
        FloatBuffer states = ((OnnxTensor) result.get(0)).getFloatBuffer();
        int width = states.remaining() / ids.length;
        float[][] own = new float[rows.size()][];
        for (int row = 0; row < own.length; row++) {
          own[row] = new float[rows.get(row).length() * width];
          states.get(row * length * width, own[row]);
        }
        return own;
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"minilm", "bge-small-en"})
  void features_ofARowAlone_areThoseInAPaddedBatch(String name) {
    try (Backbone backbone = Backbones.load(name)) {
      List<Row> rows = backbone.prepare(TEXTS);
      float[] together = features(backbone, rows);
      for (int row = 0; row < rows.size(); row++) {
        float[] alone = features(backbone, rows.subList(row, row + 1));
        for (int i = 0; i < alone.length; i++) {
          assertEquals(together[row * alone.length + i], alone[i], 1e-5f, "row " + row);
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"minilm"})
  void loadAndClose_overAndOver_leaveNoPointer(String name) {
    long before = Pointer.totalCount();
    for (int i = 0; i < 3; i++) {
      try (Backbone backbone = Backbones.load(name)) {
        features(backbone, backbone.prepare(TEXTS));
      }
      assertEquals(before, Pointer.totalCount());
    }
  }

  private static float[] features(Backbone backbone, List<Row> rows) {
    try (TensorScope scope = TensorScope.inference()) {
      Pass pass = backbone.pass(rows);
      return Tensors.toFloats(pass.pool(pass.advance(pass.start(), 0, backbone.blocks(), Adaptation.NONE)));
    }
  }
}
