package dev.perennial.brick;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.UsageException;
import dev.perennial.learn.TinyBackbone;
import dev.perennial.tensor.LibTorch;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

final class ProvenanceTest {

  @BeforeAll
  static void load() {
    LibTorch.load();
  }

  @Test
  void requireBase_anotherBackbone_isRefusedInOneLine() {
    try (var own = TinyBackbone.frozen("0123456789abcdef"); var other = TinyBackbone.frozen("fedcba9876543210")) {
      var provenance = Provenance.of("stream", 7, "replay", "1.0", own);
      assertDoesNotThrow(() -> provenance.requireBase(own));
      var refused = assertThrows(UsageException.class, () -> provenance.requireBase(other));
      assertEquals("expected the backbone that the bricks were learned on, of digest 0123456789ab…, got tiny of digest"
          + " fedcba987654…: choose the backbone that they were learned on, or learn into a new store",
          refused.getMessage());
    }
  }

  @Test
  void learnedUpTo_andWithParents_changeThatAlone() {
    try (var own = TinyBackbone.frozen("d")) {
      var provenance = Provenance.of("stream", 7, "replay", "1.0", own);
      assertEquals("", provenance.learnedOn());
      assertEquals("", provenance.learnedUpTo(-1).learnedOn());
      assertEquals("0", provenance.learnedUpTo(0).learnedOn());
      assertEquals(
          new Provenance("stream", 7, "replay", "1.0", List.of("a", "b"), "d", "0-4"),
          provenance.learnedUpTo(4).withParents("a", "b"));
    }
  }
}
