package dev.perennial.learn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.StatePart;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

final class LearnerStateTest {

  @BeforeAll
  static void load() {
    LibTorch.load();
  }

  @Test
  void requireOrigin_ownBackbone_givesTheLastExperience() {
    try (var own = TinyBackbone.frozen("own"); var other = TinyBackbone.frozen("other")) {
      Map<String, StatePart> state = Map.of("origin", LearnerState.origin(own, 7));
      assertEquals(7, LearnerState.requireOrigin(state, own));
      assertThrows(UsageException.class, () -> LearnerState.requireOrigin(state, other));
    }
  }

  @Test
  void part_thatIsMissing_isRefusedInOneLine() {
    assertEquals("expected a part head in a learner's state, found []: the state belongs to another technique",
        assertThrows(FailureException.class, () -> LearnerState.part(Map.of(), "head")).getMessage());
  }

  @Test
  void under_prefix_isTheInnerState() {
    var inner = StatePart.of("b", Combine.SUM, Map.of());
    assertEquals(Map.of("b", inner), LearnerState.under("a/", Map.of(
        "a/b", StatePart.of("a/b", Combine.SUM, Map.of()), "c", StatePart.of("c", Combine.SUM, Map.of()))));
  }
}
