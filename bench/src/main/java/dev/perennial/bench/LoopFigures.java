package dev.perennial.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How fast techniques learn a class-incremental stream of images with a tiny network, beside a plain PyTorch loop.
 *
 * @param machine what it was measured on
 * @param data the name of the dataset
 * @param examples of the stream
 * @param memory rows that replay and der++ keep
 * @param rounds that were timed, after one that was not
 * @param torch what the loop computes with; null where there is no PyTorch to compare with
 * @param techniques in the order asked for
 */
record LoopFigures(
    Machine machine, String data, long examples, int memory, int rounds, @Nullable Torch torch,
    List<Row> techniques) {

  /**
   * The peer.
   *
   * @param version of PyTorch
   * @param blas that it computes with
   * @param python the interpreter that runs it
   */
  record Torch(String version, String blas, String python) {}

  /**
   * One technique.
   *
   * @param perennial ours
   * @param torch the loop's; null where there is none
   * @param ratio median examples a second of ours / of the loop; null where there is none
   * @param bestRatio the same of the best rounds
   * @param avalancheFactor how many times the loop's time Avalanche was seen to take elsewhere
   * @param avalancheEstimated {@code ratio} times that factor: an estimate of ours / Avalanche, which was not run; null
   *     where there is no loop
   */
  record Row(String technique, Side perennial, @Nullable Side torch, @Nullable Double ratio, @Nullable Double bestRatio,
      double avalancheFactor, @Nullable Double avalancheEstimated) {

    /**
     * The figures of all rounds.
     *
     * @param theirs empty where there is no loop
     */
    static Row of(LoopTechnique technique, List<LoopRun> ours, List<LoopRun> theirs) {
      Side perennial = Side.of(ours);
      double factor = technique.avalancheFactor();
      if (theirs.isEmpty()) {
        return new Row(technique.id(), perennial, null, null, null, factor, null);
      }
      Side torch = Side.of(theirs);
      double ratio = perennial.examplesPerSecond / torch.examplesPerSecond;
      return new Row(technique.id(), perennial, torch, ratio,
          perennial.bestExamplesPerSecond / torch.bestExamplesPerSecond, factor, ratio * factor);
    }
  }

  /**
   * One side.
   *
   * @param examplesPerSecond at the median
   * @param bestExamplesPerSecond of the fastest round
   * @param accuracy on all test rows in the end, mean of all rounds
   * @param timings of every round
   */
  record Side(double examplesPerSecond, double bestExamplesPerSecond, double accuracy, Timings timings) {

    static Side of(List<LoopRun> runs) {
      var timings = new Timings(runs.stream().map(LoopRun::seconds).toList());
      long examples = runs.getFirst().examples();
      return new Side(examples / timings.median(), examples / timings.best(),
          runs.stream().mapToDouble(LoopRun::accuracy).average().orElseThrow(), timings);
    }
  }

  /** For people; the last line says what counts. */
  String text() {
    String head = "learning " + data + ", " + Numbers.whole((double) examples) + " images, classes in 5 experiences:"
        + " MLP 256-256, SGD 0.05, batches of 32, 1 epoch, " + Numbers.whole(memory) + " rows kept";
    String how = "examples a second, median and best of " + rounds + (rounds == 1 ? " round" : " rounds")
        + (torch == null ? "" : "; the loop's PyTorch: " + torch.version + ", " + torch.blas);
    var lines = new ArrayList<>(List.of(head, how, machine.line(), "", table().text(), ""));
    if (torch != null) {
      lines.add("Avalanche was not run: the estimate gives it the plain loop's time multiplied as was seen elsewhere, "
          + listed(row -> "by " + Numbers.rate(row.avalancheFactor)));
    }
    lines.add(outcome());
    return String.join(System.lineSeparator(), lines);
  }

  private Table table() {
    var head = new ArrayList<>(List.of("", "Perennial", "best", "accuracy"));
    if (torch != null) {
      head.addAll(List.of("loop", "best", "accuracy", "times loop", "of best", "times Avalanche (estimated)"));
    }
    var table = new Table(head.toArray(String[]::new));
    for (Row row : techniques) {
      var cells = new ArrayList<>(List.of(row.technique));
      cells.addAll(cells(row.perennial));
      if (row.torch != null && row.ratio != null && row.bestRatio != null && row.avalancheEstimated != null) {
        cells.addAll(cells(row.torch));
        cells.addAll(
            List.of(Numbers.fine(row.ratio), Numbers.fine(row.bestRatio), Numbers.rate(row.avalancheEstimated)));
      }
      table.row(cells.toArray(String[]::new));
    }
    return table;
  }

  private static List<String> cells(Side side) {
    return List.of(Numbers.rate(side.examplesPerSecond), Numbers.rate(side.bestExamplesPerSecond),
        Numbers.rate(100 * side.accuracy) + " %");
  }

  private String outcome() {
    if (torch == null) {
      return "examples/s: " + listed(row -> Numbers.rate(row.perennial.examplesPerSecond));
    }
    return "Perennial / PyTorch loop, examples a second: "
        + listed(row -> row.ratio == null ? "" : Numbers.fine(row.ratio) + " times");
  }

  private String listed(Function<Row, String> figure) {
    return techniques.stream().map(row -> row.technique + " " + figure.apply(row)).collect(Collectors.joining(", "));
  }
}
