package dev.perennial.bench;

/**
 * How fast two encoders are on the same texts.
 *
 * @param machine what they were measured on
 * @param onnxRuntimeVersion of the peer
 * @param texts that were encoded, all different
 * @param tokens of them, special tokens included, padding not
 * @param repeats of each side, alternating
 * @param onnxRuntime batches of 32 in the order of arrival
 * @param perennial through a feature cache that is empty at first
 * @param ratio median texts a second of Perennial / of ONNX Runtime
 * @param maxAbsDifference the largest between any two features
 */
record EncoderFigures(
    Machine machine,
    String onnxRuntimeVersion,
    int texts,
    long tokens,
    int repeats,
    Side onnxRuntime,
    Side perennial,
    double ratio,
    double maxAbsDifference) {

  /**
   * One encoder.
   *
   * @param seconds median
   * @param textsPerSecond at the median
   * @param tokensPerSecond at the median
   * @param timings of every repeat
   */
  record Side(double seconds, double textsPerSecond, double tokensPerSecond, Timings timings) {

    static Side of(Timings timings, int texts, long tokens) {
      double median = timings.median();
      return new Side(median, texts / median, tokens / median, timings);
    }
  }

  /** For people; the last line says what counts. */
  String text() {
    String head = "encoder all-MiniLM-L6-v2: " + Numbers.whole(texts) + " texts, " + Numbers.whole((double) tokens)
        + " tokens, tokenising included, median of " + repeats;
    var table = new Table("", "seconds", "texts/s", "tokens/s");
    row(table, "ONNX Runtime " + onnxRuntimeVersion, onnxRuntime);
    row(table, "Perennial", perennial);
    return String.join(System.lineSeparator(), head, machine.line(), "", table.text(), "",
        "Perennial / ONNX Runtime: " + Numbers.fine(ratio) + " times the texts a second; outputs differ by at most "
            + Numbers.tiny(maxAbsDifference));
  }

  private static void row(Table table, String name, Side side) {
    table.row(name, Numbers.fine(side.seconds), Numbers.whole(side.textsPerSecond), Numbers.whole(side.tokensPerSecond));
  }
}
