package dev.perennial.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.tensor.Device;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the comparison of kinds and the intrinsic dimension are made of. */
final class KindSizeTest {

  @Test
  void of_everyKind_fitsAndIsAsLargeAsTheNextSizeAllows() {
    try (Backbone backbone = Backbones.load("minilm", Device.CPU)) {
      for (String kind : KindSize.KINDS) {
        KindSize size = KindSize.of(kind, 227_000, backbone.sites(), backbone);
        assertTrue(size.parameters() <= 227_000, kind + " has " + size.parameters());
        boolean small = List.of("ia3", "prompt", "ept", "subspace").contains(kind);
        assertTrue(small || size.parameters() > 100_000, kind + " has " + size.parameters());
      }
      var refused = assertThrows(UsageException.class, () -> KindSize.of("lara", 1000, backbone.sites(), backbone));
      assertTrue(String.valueOf(refused.getMessage()).contains("did you mean lora"), refused.getMessage());
      assertThrows(UsageException.class, () -> KindSize.of("delta", 1000, backbone.sites(), backbone));
      assertTrue(KindSize.fitting("delta", 1000, backbone.sites(), backbone).isEmpty());
    }
  }

  @Test
  void reached_growingAccuracies_isTheFirstDimensionThatGetsThere() {
    var points = List.of(new IntrinsicBench.Point(1, 0.5), new IntrinsicBench.Point(10, 0.72),
        new IntrinsicBench.Point(100, 0.7), new IntrinsicBench.Point(1000, 0.79));
    assertEquals(10, IntrinsicBench.reached(points, 0.71));
    assertEquals(1000, IntrinsicBench.reached(points, IntrinsicBench.least(0.5, 0.8, 0.9)));
    assertNull(IntrinsicBench.reached(points, 0.8));
    assertEquals(0.77, IntrinsicBench.least(0.5, 0.8, 0.9), 1e-12);
    assertEquals(0.5, IntrinsicBench.least(0.5, 0.4, 0.9));
  }
}
