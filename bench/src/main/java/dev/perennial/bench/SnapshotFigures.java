package dev.perennial.bench;

/**
 * What snapshots cost.
 *
 * @param machine what it was measured on
 * @param stall of learning by snapshots in the background
 * @param bandwidth of snapshots, beside the disk's own
 */
record SnapshotFigures(Machine machine, Stall stall, Bandwidth bandwidth) {

  /** Steps from one snapshot to the next that shares are given for. */
  static final int EVERY = 100;

  /**
   * LoRA steps, as in {@code bench learn}, with a snapshot now and then.
   *
   * @param stateBytes of what a snapshot holds
   * @param quietSeconds median step while none was being written
   * @param busySeconds median step while one was; that of the others where none met a step
   * @param busySteps how many steps met one, for each snapshot
   * @param copySeconds median time between two steps that a snapshot takes
   * @param share of learning's time that goes to snapshots if there is one every {@value #EVERY} steps: the copy, and
   *     what the steps that meet its writing are slower
   * @param copyShare the same of the copy alone
   */
  record Stall(long stateBytes, double quietSeconds, double busySeconds, double busySteps, double copySeconds,
      double share, double copyShare) {

    static Stall of(long bytes, Timings quiet, double busySeconds, double busySteps, Timings copies) {
      double step = quiet.median();
      double copy = copies.median() / (EVERY * step);
      double slower = busySteps * Math.max(0, busySeconds - step) / (EVERY * step);
      return new Stall(bytes, step, busySeconds, busySteps, copies.median(), copy + slower, copy);
    }
  }

  /**
   * A state all of which has changed, written in the background, and as many bytes written and synced as plain files.
   *
   * @param bytes of the state
   * @param disk bytes a second of the plain files, median
   * @param snapshot bytes a second of snapshots, from the copy to the commit, median
   * @param ratio the median of snapshot / disk, measured one right after the other
   * @param unchangedSeconds of a snapshot of which nothing has changed, from the copy to the commit, median
   */
  record Bandwidth(long bytes, double disk, double snapshot, double ratio, double unchangedSeconds) {}

  /** For people; the last line says what counts. */
  String text() {
    var table = new Table("", "");
    table.row("LoRA step, no snapshot", Numbers.duration(stall.quietSeconds));
    table.row("LoRA step while one is written", Numbers.duration(stall.busySeconds));
    table.row("steps that meet one", Numbers.fine(stall.busySteps));
    table.row("copy of " + Numbers.whole(stall.stateBytes / 1e3) + " kB between two steps",
        Numbers.duration(stall.copySeconds));
    table.row("plain files, synced", Numbers.whole(bandwidth.disk / 1e6) + " MB/s");
    table.row("snapshot of " + Numbers.whole(bandwidth.bytes / 1e6) + " MB, all changed",
        Numbers.whole(bandwidth.snapshot / 1e6) + " MB/s");
    table.row("snapshot of the same, nothing changed", Numbers.duration(bandwidth.unchangedSeconds));
    return String.join(System.lineSeparator(), "snapshots while learning", machine.line(), "", table.text(), "",
        "a snapshot every " + EVERY + " steps takes " + Numbers.fine(100 * stall.share) + " % of learning's time ("
            + Numbers.fine(100 * stall.copyShare) + " % the copy); snapshot / disk bandwidth "
            + Numbers.fine(bandwidth.ratio));
  }
}
