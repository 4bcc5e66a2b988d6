package dev.perennial.cli;

import dev.perennial.FailureException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.engine.Run;
import dev.perennial.engine.RunListener;
import dev.perennial.measure.AccuracyHistory;
import dev.perennial.measure.Cell;
import dev.perennial.restart.Finite;
import dev.perennial.restart.Orders;
import dev.perennial.restart.QuarantinedRow;
import dev.perennial.restart.Signal;
import dev.perennial.restart.Signal.Kind;
import dev.perennial.stream.Experience;
import dev.perennial.stream.Stream;
import dev.perennial.tensor.StatePart;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a learner under supervision does beside learning: it tells its supervisor how it goes on, and does not let a
 * diverged state become durable.
 */
final class SupervisedLearner implements RunListener {

  private static final String RATE = "rate";
  private static final int SHOWN = 200;

  private final RunListener shown;
  private final PrintWriter out;
  private final Orders orders;
  private final double margin;
  private @Nullable Run run;
  private boolean taskTold;
  private int experience = -1;
  private long step;
  private boolean told;

  /**
   * Tells and shows.
   *
   * @param shown what a person sees of it
   * @param out where the supervisor listens
   * @param margin by which accuracy may fall, 0 to 1
   */
  SupervisedLearner(RunListener shown, PrintWriter out, Orders orders, double margin) {
    this.shown = shown;
    this.out = out;
    this.orders = orders;
    this.margin = margin;
  }

  /** The run is there. */
  void opened(Run opened) {
    run = opened;
    Object rate = opened.options().get(RATE);
    tell(new Signal(Kind.OPENED, 0, 0, rate instanceof Double value ? value : 0, rate instanceof Double ? RATE : "",
        List.of()));
  }

  /** The run ends for a reason that is known, and that the supervisor may not have heard of. */
  void failed(RuntimeException e) {
    if (told || out.checkError()) {
      return;
    }
    tell(Signal.because(Kind.FAILED, Math.max(0, experience), step, String.valueOf(e.getMessage())));
  }

  private void tell(Signal signal) {
    out.println(signal.line());
    out.flush();
    if (out.checkError()) {
      throw new FailureException("the supervisor of this learner is gone: supervise it anew");
    }
  }

  @Override
  public void prepared(Dataset dataset, Stream stream) {
    taskTold = stream.scenario().taskTold();
    shown.prepared(dataset, stream);
  }

  @Override
  public void cut(long texts) {
    shown.cut(texts);
  }

  @Override
  public void began(Experience began, long firstStep, long steps) {
    experience = began.index();
    step = firstStep;
    if (run != null && began.index() == orders.suspectExperience()) {
      List<QuarantinedRow> rows = run.rows(began, orders.suspectStep()).stream()
          .map(place -> row(began, place)).toList();
      tell(new Signal(Kind.SUSPECTS, began.index(), orders.suspectStep(), 0, "", rows));
    }
    shown.began(began, firstStep, steps);
    tell(Signal.at(Kind.BEGAN, began.index(), firstStep));
  }

  private QuarantinedRow row(Experience began, int place) {
    Example row = began.train().get(place);
    String input = row.input() instanceof Input.Text text ? text.value() : row.input().getClass().getSimpleName();
    return new QuarantinedRow(began.index(), place, row.label(),
        input.length() > SHOWN ? input.substring(0, SHOWN) : input, orders.suspectStep(), "");
  }

  @Override
  public void stepped(Experience learned, long taken, long steps) {
    step = taken + 1;
    shown.stepped(learned, taken, steps);
    tell(Signal.at(Kind.STEPPED, learned.index(), step));
  }

  @Override
  public void evaluating(Experience stage) {
    shown.evaluating(stage);
    tell(Signal.at(Kind.EVALUATING, experience, step));
  }

  @Override
  public void evaluated(Experience stage, AccuracyHistory history) {
    shown.evaluated(stage, history);
    int last = history.evaluations().size() - 1;
    double now = newest(history, last);
    double before = last == 0 ? now : newest(history, last - 1);
    if (before - now > margin && !orders.acceptFall()) {
      diverged(Kind.FELL, String.format(Locale.ROOT, "accuracy on held-back rows of the experience just learned has fallen"
          + " from %.1f %% to %.1f %%, by more than %.0f points", 100 * before, 100 * now, 100 * margin));
    }
    // What comes next is the experience after this one.
    experience++;
    step = 0;
    tell(Signal.at(Kind.EVALUATED, experience, step));
  }

  /** The accuracy after experience {@code i} on its own held-back rows: what it has learned, not what it has kept. */
  private double newest(AccuracyHistory history, int i) {
    Cell cell = history.evaluations().get(i).cells().getLast();
    return (double) (taskTold ? cell.correctMasked() : cell.correct()) / cell.rows();
  }

  @Override
  public void committing(List<StatePart> state) {
    Finite.broken(state).ifPresent(where -> diverged(Kind.DIVERGED,
        "the loss is not finite any more: there are numbers in " + where + " that are infinite or none"));
    tell(Signal.at(Kind.COMMITTING, Math.max(0, experience), step));
    shown.committing(state);
  }

  @Override
  public void committed(long commit) {
    shown.committed(commit);
    tell(Signal.at(Kind.COMMITTED, Math.max(0, experience), step));
  }

  private void diverged(Kind kind, String why) {
    told = true;
    tell(Signal.because(kind, Math.max(0, experience), step, why));
    throw new FailureException("the run has diverged: " + why + "; nothing of it was made durable");
  }
}
