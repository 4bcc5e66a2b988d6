package dev.perennial.cli;

import dev.perennial.budget.Resource;
import dev.perennial.data.Contradictions;
import dev.perennial.data.Dataset;
import dev.perennial.engine.RunListener;
import dev.perennial.measure.AccuracyHistory;
import dev.perennial.measure.Cell;
import dev.perennial.stream.Experience;
import dev.perennial.stream.Stream;
import java.util.List;
import java.util.Locale;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** What a person sees of a run while it goes on: what it learns, how fast, and how long it will still take. */
final class LiveProgress implements RunListener, AutoCloseable {

  private static final double NANOS = 1e9;

  private final Console console;
  private final Meter.Maker meters;
  private @Nullable Stream stream;
  private List<Experience> stages = List.of();
  private @Nullable Meter meter;
  /** Pieces of the stage that is learned, and how many of them are learned. */
  private int pieces = 1;
  private int piecesLearned;
  private long began;
  private long snapshots;
  private long mostBehind;
  private boolean closed;

  LiveProgress(Console console) {
    this.console = console;
    meters = Meter.Maker.on(console);
  }

  @Override
  public synchronized void prepared(Dataset dataset, Stream learned) {
    stream = learned;
    stages = learned.stages();
    List<Experience> experiences = learned.experiences();
    int classes = learned.classes().size();
    say(String.format(Locale.ROOT, "%s: %,d rows to learn, %,d to evaluate on, %d classes, %s in %d experience%s",
        dataset.name(), experiences.stream().mapToInt(e -> e.train().size()).sum(),
        stages.stream().mapToInt(e -> e.test().size()).sum(), classes, learned.scenario().text(),
        stages.size(), stages.size() == 1 ? "" : "s"));
    if (dataset.badRows().count() > 0) {
      say(String.format(Locale.ROOT, "%,d of %,d rows cannot be used and are left out, the first at %s",
          dataset.badRows().count(), dataset.badRows().total(), dataset.badRows().first()));
    }
    Contradictions contradictions = Contradictions.of(dataset.train());
    if (contradictions.texts() > 0) {
      say(String.format(Locale.ROOT, "%,d %s under several labels, in %,d rows, all of which are learned; the first is %s",
          contradictions.texts(), contradictions.texts() == 1 ? "text is" : "texts are", contradictions.rows(),
          contradictions.first()));
    }
  }

  @Override
  public synchronized void cut(long texts) {
    say(cutLine(texts));
  }

  /** What to say of texts that were cut. */
  static String cutLine(long texts) {
    return String.format(Locale.ROOT, "%,d %s longer than the network takes, and %s cut: the rest is not seen", texts,
        texts == 1 ? "text is" : "texts are", texts == 1 ? "was" : "were");
  }

  @Override
  public synchronized void began(Experience experience, long firstStep, long steps) {
    if (meter != null) {
      // A further piece of the same stage.
      return;
    }
    began = console.ticker().getAsLong();
    countPieces(experience);
    if (!closed) {
      String name = "learning " + place(stages.isEmpty() ? experience : stages.get(stage(experience)));
      meter = pieces == 1 ? meters.meter(name, firstStep, steps) : meters.meter(name, piecesLearned, pieces);
    }
  }

  /** The place of the stage that an experience belongs to. */
  private int stage(Experience experience) {
    return stream == null ? experience.index() : (int) stream.experiences().subList(0, experience.index()).stream()
        .filter(before -> !before.test().isEmpty()).count();
  }

  private void countPieces(Experience experience) {
    List<Experience> all = stream == null ? List.of() : stream.experiences();
    pieces = 1;
    piecesLearned = 0;
    for (int i = experience.index(); i > 0 && i <= all.size() && all.get(i - 1).test().isEmpty(); i--) {
      piecesLearned++;
    }
    for (int i = experience.index(); i < all.size() && all.get(i).test().isEmpty(); i++) {
      pieces++;
    }
    pieces += piecesLearned;
  }

  @Override
  public synchronized void stepped(Experience experience, long step, long steps) {
    if (meter != null && pieces == 1) {
      meter.at(step + 1);
    } else if (meter != null && step + 1 == steps) {
      meter.at(++piecesLearned);
    }
  }

  @Override
  public synchronized void evaluating(Experience experience) {
    closeMeter();
  }

  @Override
  public synchronized void evaluated(Experience experience, AccuracyHistory history) {
    double seconds = (console.ticker().getAsLong() - began) / NANOS;
    say(String.format(Locale.ROOT, "experience %s: %,d rows, %d classes, %s; accuracy so far %.1f %%%s%s",
        place(experience), experience.train().size(), experience.classes().size(), Resource.SECONDS.format(seconds),
        100 * accuracy(history), snapshots(), left(experience, seconds)));
  }

  /** The share of all test rows seen so far that are predicted right. */
  private double accuracy(AccuracyHistory history) {
    boolean told = stream != null && stream.scenario().taskTold();
    ToLongFunction<Cell> correct = told ? Cell::correctMasked : Cell::correct;
    List<Cell> cells = history.last().cells();
    return (double) cells.stream().mapToLong(correct).sum() / cells.stream().mapToLong(Cell::rows).sum();
  }

  /** The time left, if the rows that are left take as long as those of this experience. */
  private String left(Experience experience, double seconds) {
    if (experience.index() + 1 >= stages.size()) {
      return "";
    }
    long rows = stages.stream().skip(experience.index() + 1).mapToLong(e -> e.train().size()).sum();
    return "; about " + Resource.SECONDS.format(seconds * rows / experience.train().size()) + " left";
  }

  private String place(Experience experience) {
    return (experience.index() + 1) + (stages.isEmpty() ? "" : "/" + stages.size());
  }

  @Override
  public synchronized void behind(long steps) {
    mostBehind = Math.max(mostBehind, steps);
    snapshots++;
  }

  @Override
  public synchronized void fellBack(String problem) {
    say("perennial goes back: " + problem);
  }

  /** What background snapshots came to, since the last experience. */
  private String snapshots() {
    String text = mostBehind == 0 ? ""
        : String.format(Locale.ROOT, "; %,d snapshots, at most %,d steps behind", snapshots, mostBehind);
    mostBehind = 0;
    snapshots = 0;
    return text;
  }

  private void say(String line) {
    if (!closed) {
      console.err().println(line);
    }
  }

  private void closeMeter() {
    if (meter != null) {
      meter.close();
      meter = null;
    }
  }

  /** Stops showing anything. */
  @Override
  public synchronized void close() {
    closed = true;
    closeMeter();
  }
}
