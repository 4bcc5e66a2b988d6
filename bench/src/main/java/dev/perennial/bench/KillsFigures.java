package dev.perennial.bench;

/**
 * What became of a run that was killed again and again.
 *
 * @param machine what it was measured on
 * @param seed of the moments
 * @param kills processes ended by SIGKILL
 * @param killsWhileLearning of these, after the first step began; the others while the process started or opened the store
 * @param identical kills after which the newest commit's digest was that of a run never killed, at the same step
 * @param runs that reached their end, each killed several times on its way; all with the digest of the run never killed
 * @param states different steps at which a killed process was found
 * @param steps of one run
 */
record KillsFigures(
    Machine machine, long seed, int kills, int killsWhileLearning, int identical, int runs, int states, int steps) {

  /** For people; the last line says what counts. */
  String text() {
    var table = new Table("", "");
    table.row("kills", Numbers.whole(kills));
    table.row("of these while it learned", Numbers.whole(killsWhileLearning));
    table.row("steps of a run", Numbers.whole(steps));
    table.row("different steps found after a kill", Numbers.whole(states));
    table.row("runs that reached their end", Numbers.whole(runs));
    return String.join(System.lineSeparator(), "SIGKILL at random moments, sync and async in turn", machine.line(), "",
        table.text(), "",
        Numbers.whole(identical) + " of " + Numbers.whole(kills) + " kills: the digest of a run never killed, at the same"
            + " step; and so at the end of all " + Numbers.whole(runs) + " runs");
  }
}
