package dev.perennial.bench;

/**
 * How fast a library of many bricks is, and a batch of unlike bricks.
 *
 * @param machine what they were measured on
 * @param bricks in the library
 * @param rank of each
 * @param rows of the batch
 * @param rounds of everything, after one to warm up
 * @param open seconds to open the store, its backbone included, for routing by Arrow
 * @param list seconds to list the bricks
 * @param route seconds to route one text
 * @param unlike seconds of the batch with a brick of its own for each row
 * @param alike seconds of the same batch with one brick
 * @param ratio median throughput of the first / of the second
 */
record BricksFigures(Machine machine, int bricks, int rank, int rows, int rounds, Timings open, Timings list,
    Timings route, Timings unlike, Timings alike, double ratio) {

  /** For people; the last line says what counts. */
  String text() {
    var table = new Table("", "median", "best", "reach");
    table.row("open", Numbers.duration(open.median()), Numbers.duration(open.best()), "1 s");
    table.row("list", Numbers.duration(list.median()), Numbers.duration(list.best()), "50 ms");
    table.row("route one text", Numbers.duration(route.median()), Numbers.duration(route.best()), "5 ms");
    table.row("batch, unlike bricks", Numbers.duration(unlike.median()), Numbers.duration(unlike.best()), "");
    table.row("batch, one brick", Numbers.duration(alike.median()), Numbers.duration(alike.best()), "");
    return String.join(System.lineSeparator(),
        "bricks: " + Numbers.whole(bricks) + " of rank " + rank + " in a store; a batch of " + rows + " texts of "
            + BricksMeasurement.TOKENS + " tokens; " + rounds + (rounds == 1 ? " round" : " rounds"),
        machine.line(), "", table.text(), "",
        "throughput of a batch with " + rows + " unlike bricks / with one: " + Numbers.fine(ratio) + " (reach 0.70)");
  }
}
