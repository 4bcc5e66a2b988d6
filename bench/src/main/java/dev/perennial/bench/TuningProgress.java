package dev.perennial.bench;

import dev.perennial.budget.Resource;
import dev.perennial.measure.Result;
import dev.perennial.tune.Candidate;
import dev.perennial.tune.Trial;
import dev.perennial.tune.TuningListener;
import java.io.PrintWriter;
import java.util.Locale;

/** Tuning as a person follows it: a line for each round and each trial, with the time left. */
public final class TuningProgress implements TuningListener {

  private final PrintWriter err;
  private String place = "";

  /** Writes to {@code err}. */
  public TuningProgress(PrintWriter err) {
    this.err = err;
  }

  @Override
  public void prepared(String data, int classes, int learned, int validation, int techniques) {
    say("%s: %d classes, %,d rows to learn and %,d to choose by; test rows are not looked at", data, classes, learned,
        validation);
  }

  @Override
  public void round(int number, int candidates, int rowsPerClass, long seed) {
    say("round %d: %d candidate%s, at most %,d rows of a class, seed %d", number, candidates,
        candidates == 1 ? "" : "s", rowsPerClass, seed);
  }

  @Override
  public void began(Candidate candidate, int number, int of) {
    place = "  " + number + "/" + of + " ";
  }

  @Override
  public void finished(Trial trial, double secondsLeft, long runsLeft) {
    Result result = trial.result();
    String outcome = result == null
        ? trial.problem()
        : String.format(Locale.ROOT, "%.1f %%", 100 * result.finalAccuracy());
    String left = (secondsLeft < Double.POSITIVE_INFINITY ? "; " + Resource.SECONDS.format(secondsLeft) + " left" : "")
        + (runsLeft < Long.MAX_VALUE ? "; " + runsLeft + (runsLeft == 1 ? " run left" : " runs left") : "");
    say("%s%s: %s, %s%s", place, trial.candidate().text(), outcome, Resource.SECONDS.format(trial.seconds()), left);
  }

  private void say(String line, Object... values) {
    err.println(String.format(Locale.ROOT, line, values));
    err.flush();
  }
}
