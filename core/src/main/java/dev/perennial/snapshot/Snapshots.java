package dev.perennial.snapshot;

import dev.perennial.FailureException;
import dev.perennial.store.Commit;
import dev.perennial.store.PartRef;
import dev.perennial.store.Position;
import dev.perennial.store.Store;
import dev.perennial.tensor.StatePart;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/*
 * Lazy asynchronous snapshots, after "DataStates-LLM: Lazy Asynchronous Checkpointing for Large Language Models" (arXiv
 * 2406.10707): state is copied at a moment when nothing changes it, and flushed in the background while learning goes on.
 * There, tensors are copied while the next step's forward and backward passes leave them alone; here learners may change
 * anything within a step, so that the copy is all made between two steps.
 *
 *   between steps   for each part: compare with the last copy, copy from the first difference on
 *   in background   changed parts: write beside its place, digest, sync, rename; then sync the directory; then the row
 *
 * One snapshot is in flight at most. So one copy is enough, commits come about in the order in which they were taken, and
 * what is recovered is always a state that learning went through, with nothing missing before it.
 */

/**
 * The states of a learner on their way to a store, while it learns on.
 *
 * <p>Takes as much native memory as the state. Used by one thread, which alone may use the store as well, between
 * {@link #settle} and the next {@link #take}.
 */
public final class Snapshots implements AutoCloseable {

  private static final double NANOS = 1e9;

  private final Store store;
  private final int kept;
  private final LongSupplier ticker;
  private final Map<String, Copy> copies = new TreeMap<>();
  private final ExecutorService writer =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("perennial-snapshots").factory());
  private @Nullable Future<Commit> flight;
  private Figures figures = new Figures(0, 0, 0);

  /**
   * What snapshots have cost the learner's thread.
   *
   * @param taken how many
   * @param copySeconds spent on copies
   * @param waitSeconds spent on waiting until one was durable
   */
  public record Figures(long taken, double copySeconds, double waitSeconds) {}

  /**
   * Snapshots into a store.
   *
   * @param kept commits that stay whole when a new one is durable, at least 1
   * @param ticker nanoseconds since some moment, for the figures
   */
  public Snapshots(Store store, int kept, LongSupplier ticker) {
    this.store = store;
    this.kept = kept;
    this.ticker = ticker;
  }

  /** Whether one is in flight still. */
  public boolean isBusy() {
    return flight != null && !flight.isDone();
  }

  /**
   * Copies a state, and begins to make the copy durable; first waits for the one in flight. O(bytes of the state).
   *
   * @param state all of it; it is not needed any more on return
   * @return the commit that this waited for, if it did
   * @throws FailureException if the one before could not be made durable; this one is then not taken
   */
  public Optional<Commit> take(Position position, List<StatePart> state, Map<String, String> documents, Instant now) {
    Optional<Commit> before = settle();
    long start = ticker.getAsLong();
    var parts = new TreeMap<String, Copy>();
    for (StatePart part : state) {
      Copy copy = copies.computeIfAbsent(part.name(), name -> new Copy());
      copy.take(part);
      if (parts.put(part.name(), copy) != null) {
        throw new IllegalArgumentException("two state parts are called " + part.name());
      }
    }
    copies.entrySet().removeIf(copy -> {
      if (!parts.containsKey(copy.getKey())) {
        copy.getValue().close();
        return true;
      }
      return false;
    });
    var texts = Map.copyOf(documents);
    flight = writer.submit(() -> write(position, parts, texts, now));
    figures = new Figures(figures.taken + 1, figures.copySeconds + seconds(start), figures.waitSeconds);
    return before;
  }

  /** On the writer's thread. */
  private Commit write(Position position, Map<String, Copy> parts, Map<String, String> documents, Instant now) {
    var unchanged = new HashMap<String, PartRef>();
    parts.forEach((name, copy) -> {
      PartRef ref = copy.ref();
      if (ref != null) {
        unchanged.put(name, ref);
      }
    });
    Commit commit =
        store.commit(position, parts.values().stream().map(Copy::part).toList(), unchanged, documents, now);
    for (PartRef ref : commit.parts()) {
      Copy copy = parts.get(ref.name());
      if (copy != null) {
        copy.durable(ref);
      }
    }
    store.collect(kept);
    return commit;
  }

  /** The commit that has become durable since this was last asked; empty if there is none, without waiting. */
  public Optional<Commit> poll() {
    return isBusy() ? Optional.empty() : settle();
  }

  /**
   * Waits until all that was taken is durable.
   *
   * @return the commit that this waited for; empty if there was none in flight
   * @throws FailureException if it could not be made durable: the store stays at the commit before
   */
  public Optional<Commit> settle() {
    Future<Commit> current = flight;
    if (current == null) {
      return Optional.empty();
    }
    long start = ticker.getAsLong();
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return Optional.of(current.get());
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException failure -> throw failure;
        case Error error -> throw error;
        case null, default -> throw new FailureException("a snapshot failed: " + e.getMessage(), e);
      }
    } finally {
      flight = null;
      figures = new Figures(figures.taken, figures.copySeconds, figures.waitSeconds + seconds(start));
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** What it has cost so far. */
  public Figures figures() {
    return figures;
  }

  /** Bytes of native memory that the copies take. */
  public long bytes() {
    return copies.values().stream().mapToLong(Copy::bytes).sum();
  }

  private double seconds(long start) {
    return (ticker.getAsLong() - start) / NANOS;
  }

  /** Waits until what was taken is durable, and frees the copies; leaves the store open. */
  @Override
  public void close() {
    try {
      settle();
    } finally {
      writer.close();
      copies.values().forEach(Copy::close);
      copies.clear();
    }
  }
}
