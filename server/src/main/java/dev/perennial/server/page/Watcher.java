package dev.perennial.server.page;

import dev.perennial.server.Answer;
import dev.perennial.server.Intake;
import dev.perennial.server.ServerListener;
import dev.perennial.server.drift.Signal;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Who keeps what the page shows: for the 64 models that were in use last, all since the process began.
 *
 * <p>Safe for many threads; each call takes microseconds.
 */
public final class Watcher implements ServerListener {

  private static final int MOST = 64;

  private final Clock clock;
  private final LongSupplier nanos;
  private final Map<String, ModelWatch> models = new LinkedHashMap<>(16, 0.75f, true);

  /**
   * Nothing was heard yet.
   *
   * @param clock what time it is
   * @param nanos what durations are measured by
   */
  public Watcher(Clock clock, LongSupplier nanos) {
    this.clock = clock;
    this.nanos = nanos;
  }

  private ModelWatch of(String model) {
    synchronized (models) {
      ModelWatch watch = models.get(model);
      if (watch == null) {
        watch = new ModelWatch(clock);
        models.put(model, watch);
        if (models.size() > MOST) {
          models.remove(models.keySet().iterator().next());
        }
      }
      return watch;
    }
  }

  @Override
  public void published(String model, long snapshot, long through) {
    of(model).published(through, nanos.getAsLong());
  }

  @Override
  public void learning(String model, Intake.Row row, float[] embedding, String predicted) {
    of(model).learning(row.text(), row.label(), predicted);
  }

  @Override
  public void predicted(String model, List<Answer> answers) {
    of(model).predicted(answers.size());
  }

  @Override
  public void answered(String model, List<String> ids, List<Answer> answers) {
    of(model).answered(ids, answers);
  }

  @Override
  public void acknowledged(String model, long last) {
    of(model).acknowledged(last, nanos.getAsLong());
  }

  @Override
  public void watched(String model, List<Signal> signals) {
    of(model).watched(signals);
  }

  @Override
  public void removed(String model, String source, int rows) {
    of(model).note("removal", ModelWatch.counted(rows, "row") + " of " + source + " taken back");
  }

  @Override
  public void committed(String model, long commit, long through) {
    of(model).note("commit", "commit " + commit + " holds all up to row " + through);
  }

  /** Something that somebody decided. */
  public void note(String model, String kind, String text) {
    of(model).note(kind, text);
  }

  /**
   * What is known of a model.
   *
   * @param median seconds that half of all predictions took at most
   * @param p99 the same of 99 in 100
   */
  public State state(String model, double median, double p99) {
    return of(model).state(median, p99);
  }

  /** What a detector measured of a model, as a share of what it takes for a drift. */
  public double score(String model, String detector) {
    return of(model).score(detector);
  }

  /** The drifts that a detector found in a model's stream. */
  public long drifts(String model, String detector) {
    return of(model).drifts(detector);
  }
}
