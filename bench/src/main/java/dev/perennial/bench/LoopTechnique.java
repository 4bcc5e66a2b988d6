package dev.perennial.bench;

import dev.perennial.Spelling;
import dev.perennial.UsageException;
import java.util.Arrays;
import java.util.List;

/** A technique that the plain PyTorch loop knows too. */
enum LoopTechnique {
  /** Each batch as it comes. */
  FINE_TUNE("fine-tune", 4.7),
  /** With as many rows of a reservoir, in one batch. */
  REPLAY("replay", 4.4),
  /** With the stored logits of some rows of a reservoir and the labels of others. */
  DER_PLUS_PLUS("der++", 4);

  private final String id;
  private final double avalancheFactor;

  LoopTechnique(String id, double avalancheFactor) {
    this.id = id;
    this.avalancheFactor = avalancheFactor;
  }

  /** The name that both sides know it by. */
  String id() {
    return id;
  }

  /**
   * How many times the plain loop's time Avalanche's loop was seen to take, on one machine that was nearly quiet: naive
   * 17.3 and 3.66, replay 10.5 and 2.35, DER++ 5.9 and 1.45 thousand examples a second, one thread each.
   */
  double avalancheFactor() {
    return avalancheFactor;
  }

  /**
   * The techniques of these names, in their order.
   *
   * @throws UsageException if there are none, or one is not known or comes twice
   */
  static List<LoopTechnique> named(List<String> names) {
    List<LoopTechnique> chosen = names.stream().map(LoopTechnique::named).toList();
    if (chosen.isEmpty() || chosen.stream().distinct().count() < chosen.size()) {
      String got = names.isEmpty() ? "none" : String.join(",", names);
      throw new UsageException(
          "expected --techniques, each once, got " + got + ": choose among " + String.join(", ", ids()));
    }
    return chosen;
  }

  private static LoopTechnique named(String name) {
    return Arrays.stream(values()).filter(technique -> technique.id.equals(name)).findFirst()
        .orElseThrow(() -> new UsageException("expected --techniques that the plain PyTorch loop has too, got " + name
            + ": choose among " + String.join(", ", ids()) + Spelling.suggestion(name, ids())));
  }

  private static List<String> ids() {
    return Arrays.stream(values()).map(LoopTechnique::id).toList();
  }
}
