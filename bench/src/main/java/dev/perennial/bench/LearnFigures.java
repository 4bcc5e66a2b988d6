package dev.perennial.bench;

import org.jspecify.annotations.Nullable;

/**
 * How fast learning is.
 *
 * @param machine what it was measured on
 * @param lora LoRA steps of ours
 * @param torch the same in PyTorch, right before and after ours together; null where there is no PyTorch to compare with
 * @param ratio median step of PyTorch / of ours; null where there is no PyTorch to compare with
 * @param analytic g-acil
 */
record LearnFigures(
    Machine machine, Lora lora, @Nullable Torch torch, @Nullable Double ratio, Analytic analytic) {

  /**
   * LoRA steps: batches of 32 texts of 64 tokens, rank 8 on query and value of 6 blocks, a linear head of 150 classes.
   *
   * @param secondsPerStep median
   * @param examplesPerSecond at the median
   * @param timings of every step
   */
  record Lora(double secondsPerStep, double examplesPerSecond, Timings timings) {

    static Lora of(Timings timings) {
      return new Lora(timings.median(), LoraStep.ROWS / timings.median(), timings);
    }
  }

  /**
   * The peer.
   *
   * @param version of PyTorch
   * @param blas that it computes with
   * @param python the interpreter that runs it
   * @param steps of it
   */
  record Torch(String version, String blas, String python, Lora steps) {}

  /**
   * Analytic learning of one experience, the solution at its end included.
   *
   * @param examples learned
   * @param features random features of an example
   * @param fromTexts nothing was computed before
   * @param fromCache the backbone's features were computed before
   */
  record Analytic(int examples, int features, Side fromTexts, Side fromCache) {}

  /**
   * One way of learning.
   *
   * @param seconds median
   * @param examplesPerSecond at the median
   * @param timings of every repeat
   */
  record Side(double seconds, double examplesPerSecond, Timings timings) {

    static Side of(Timings timings, int examples) {
      return new Side(timings.median(), examples / timings.median(), timings);
    }
  }

  /** For people; the last line says what counts. */
  String text() {
    String head = "learning on all-MiniLM-L6-v2: LoRA rank 8 on query and value, " + LoraStep.ROWS + " x "
        + LoraStep.TOKENS + " tokens a step; g-acil on " + Numbers.whole(analytic.examples) + " glosses, one solution"
        + " included";
    var table = new Table("", "median", "examples/s");
    if (torch != null) {
      table.row("LoRA step, PyTorch " + torch.version + ", " + torch.blas, Numbers.duration(torch.steps.secondsPerStep),
          Numbers.rate(torch.steps.examplesPerSecond));
    }
    table.row("LoRA step, Perennial", Numbers.duration(lora.secondsPerStep), Numbers.rate(lora.examplesPerSecond));
    row(table, "from texts", analytic.fromTexts);
    row(table, "from cached features", analytic.fromCache);
    String step = ratio == null
        ? "LoRA step: " + Numbers.duration(lora.secondsPerStep)
        : "LoRA step, Perennial / PyTorch: " + Numbers.fine(ratio) + " times the examples a second";
    return String.join(System.lineSeparator(), head, machine.line(), "", table.text(), "",
        step + "; g-acil: " + Numbers.rate(analytic.fromTexts.examplesPerSecond) + " examples/s from texts, "
            + Numbers.rate(analytic.fromCache.examplesPerSecond) + " from cached features");
  }

  private void row(Table table, String from, Side side) {
    table.row("g-acil, " + Numbers.whole(analytic.features) + " features, " + from, Numbers.duration(side.seconds),
        Numbers.rate(side.examplesPerSecond));
  }
}
