package dev.perennial.bench;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.engine.RunListener;
import dev.perennial.measure.AccuracyHistory;
import dev.perennial.stream.Experience;
import dev.perennial.stream.Stream;
import dev.perennial.tensor.StatePart;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** What each task of a run costs: seconds of learning and of its commit, and what is kept afterwards. */
final class LongWatch implements RunListener {

  private static final double NANOS = 1e9;

  private final Path store;
  private final int least;
  private final Progress told;
  private final LongSupplier ticker;
  private final LongSupplier processor;
  private final List<LongFigures.Task> tasks = new ArrayList<>();
  private final Set<String> classes = new HashSet<>();
  private int count;
  private @Nullable Experience current;
  private long from;
  private long workedFrom;
  private long learning;
  private long working;
  private long evaluating;
  private long stateBytes;

  /**
   * @param least tasks that a stream must have
   * @param ticker nanoseconds since some moment
   * @param processor nanoseconds that processors have worked for this process
   */
  LongWatch(Path store, int least, Progress told, LongSupplier ticker, LongSupplier processor) {
    this.store = store;
    this.least = least;
    this.told = told;
    this.ticker = ticker;
    this.processor = processor;
  }

  /** Those that are over. */
  List<LongFigures.Task> tasks() {
    return List.copyOf(tasks);
  }

  @Override
  public void prepared(Dataset dataset, Stream stream) {
    count = stream.experiences().size();
    if (count < least) {
      throw new UsageException("expected a stream of at least " + least + " tasks, got " + count + ": give more --tasks");
    }
    told.say(dataset.name() + ", " + count + " tasks");
  }

  @Override
  public void began(Experience experience, long firstStep, long steps) {
    finish();
    told.at(experience.index(), count);
    current = experience;
    learning = 0;
    working = 0;
    evaluating = 0;
    from = ticker.getAsLong();
    workedFrom = processor.getAsLong();
  }

  @Override
  public void evaluating(Experience experience) {
    learned();
  }

  @Override
  public void evaluated(Experience experience, AccuracyHistory history) {
    evaluating += lap();
    workedFrom = processor.getAsLong();
  }

  @Override
  public void committing(List<StatePart> state) {
    stateBytes = state.stream().mapToLong(StatePart::bytes).sum();
  }

  @Override
  public void committed(long commit) {
    learned();
  }

  private void learned() {
    learning += lap();
    long now = processor.getAsLong();
    working += now - workedFrom;
    workedFrom = now;
  }

  private long lap() {
    long now = ticker.getAsLong();
    long lap = now - from;
    from = now;
    return lap;
  }

  /** The task that was learned last is over. */
  void finish() {
    Experience task = current;
    if (task != null) {
      learned();
      task.train().stream().map(Example::label).forEach(classes::add);
      tasks.add(new LongFigures.Task(tasks.size() + 1, task.train().size(), classes.size(), learning / NANOS,
          working / NANOS, evaluating / NANOS, stateBytes, bytes(store)));
      current = null;
    }
  }

  /** What the files of a directory take. */
  private static long bytes(Path directory) {
    try (var files = Files.walk(directory)) {
      return files.filter(Files::isRegularFile).mapToLong(file -> {
        try {
          return Files.size(file);
        } catch (NoSuchFileException e) {
          return 0;
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }).sum();
    } catch (IOException | UncheckedIOException e) {
      throw new FailureException("could not read the size of " + directory + " (" + e.getMessage() + ")", e);
    }
  }
}
