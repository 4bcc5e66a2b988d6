package dev.perennial.backbone;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.data.Input;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What holds for every backbone. */
abstract class BackboneContractTest {

  private Backbone backbone;

  /** A backbone of its own, which the test closes. */
  abstract Backbone open();

  /** Five inputs that differ, also in length where inputs have one. */
  abstract List<Input> inputs();

  /** An input of the other kind. */
  abstract Input foreign();

  @BeforeEach
  void start() {
    backbone = open();
  }

  @AfterEach
  void end() {
    backbone.close();
  }

  private static float[] features(Backbone backbone, List<Row> rows) {
    try (TensorScope scope = TensorScope.inference()) {
      Pass pass = backbone.pass(rows);
      Tensor pooled = pass.pool(pass.advance(pass.start(), 0, backbone.blocks(), Adaptation.NONE));
      assertArrayEquals(new long[] {rows.size(), backbone.width()}, pooled.shape());
      return Tensors.toFloats(pooled);
    }
  }

  private float[] features() {
    return features(backbone, backbone.prepare(inputs()));
  }

  @Test
  void features_ofDifferentInputs_differ() {
    float[] features = features();
    int width = backbone.width();
    for (int row = 1; row < inputs().size(); row++) {
      double difference = 0;
      for (int i = 0; i < width; i++) {
        difference = Math.max(difference, Math.abs(features[i] - features[row * width + i]));
      }
      assertTrue(difference > 1e-3, "row " + row + " has the features of row 0");
    }
  }

  @Test
  void features_ofARowAlone_areThoseInABatch() {
    List<Row> rows = backbone.prepare(inputs());
    float[] together = features();
    for (int row = 0; row < rows.size(); row++) {
      float[] alone = features(backbone, rows.subList(row, row + 1));
      for (int i = 0; i < alone.length; i++) {
        assertEquals(together[row * alone.length + i], alone[i], 1e-5f);
      }
    }
  }

  @Test
  void advance_inTwoPartsThroughCutAndJoin_givesTheSameBits() {
    List<Row> rows = backbone.prepare(inputs());
    float[] whole = features();
    for (int block = 0; block < backbone.blocks(); block++) {
      try (TensorScope scope = TensorScope.inference()) {
        Pass before = backbone.pass(rows);
        float[] state = Tensors.toFloats(before.advance(before.start(), 0, block, Adaptation.NONE));
        float[][] cut = new float[rows.size()][];
        for (int row = 0; row < cut.length; row++) {
          cut[row] = before.cut(state, row);
        }
        Pass after = backbone.pass(rows);
        Tensor last = after.advance(after.join(cut), block, backbone.blocks(), Adaptation.NONE);
        assertArrayEquals(whole, Tensors.toFloats(after.pool(last)), "cut before block " + block);
      }
    }
  }

  @Test
  void pool_afterEveryBlock_givesFeatures() {
    try (TensorScope scope = TensorScope.inference()) {
      Pass pass = backbone.pass(backbone.prepare(inputs()));
      Tensor state = pass.start();
      for (int block = 0; block < backbone.blocks(); block++) {
        state = pass.advance(state, block, block + 1, Adaptation.NONE);
        assertArrayEquals(new long[] {5, backbone.width()}, pass.pool(state).shape(), "after block " + block);
      }
    }
  }

  @Test
  void join_statesOfOtherRows_isRefused() {
    try (TensorScope scope = TensorScope.inference()) {
      Pass pass = backbone.pass(backbone.prepare(inputs()));
      assertThrows(IllegalArgumentException.class, () -> pass.join(new float[][] {{1}}));
      float[][] wrong = {{1}, {1, 2}, {1}, {1}, {1}};
      assertThrows(IllegalArgumentException.class, () -> pass.join(wrong));
    }
  }

  @Test
  void features_onSeveralThreads_areTheSameBits() {
    float[] expected = features();
    try (Workers workers = new Workers(3)) {
      var tasks = new ArrayList<Callable<float[]>>();
      for (int i = 0; i < 30; i++) {
        tasks.add(this::features);
      }
      for (float[] features : workers.run(tasks)) {
        assertArrayEquals(expected, features);
      }
    }
  }

  @Test
  void digest_ofAnotherInstance_isTheSame() {
    assertTrue(backbone.digest().matches("[0-9a-f]{64}"));
    try (Backbone other = open()) {
      assertEquals(backbone.digest(), other.digest());
      assertArrayEquals(features(), features(other, other.prepare(inputs())));
    }
  }

  @Test
  void prepare_inputsOfAnotherKind_isAUsageError() {
    var mixed = new ArrayList<Input>(inputs());
    mixed.add(foreign());
    String message = Refusal.message(UsageException.class, () -> backbone.prepare(mixed));
    assertTrue(message.contains("--backbone"), message);
  }

  @Test
  void sites_areInOrder_ofTheirBlocks() {
    List<Site> sites = backbone.sites();
    for (int i = 0; i < sites.size(); i++) {
      assertEquals(i, sites.get(i).index());
      assertTrue(sites.get(i).block() >= (i == 0 ? 0 : sites.get(i - 1).block()));
      assertTrue(sites.get(i).block() < backbone.blocks());
    }
    assertEquals(sites.size(), sites.stream().map(Site::name).distinct().count());
  }

  @Test
  void passes_overAndOver_leaveNoPointer() {
    features();
    long before = Pointer.totalCount();
    for (int i = 0; i < 200; i++) {
      features();
    }
    assertEquals(before, Pointer.totalCount());
  }

  @Test
  void close_twice_freesAllThatOpeningTook() {
    long before = Pointer.totalCount();
    Backbone other = open();
    assertTrue(Pointer.totalCount() > before);
    other.close();
    assertEquals(before, Pointer.totalCount());
    other.close();
    assertEquals(before, Pointer.totalCount());
  }
}
