package dev.perennial.engine;

import dev.perennial.snapshot.Durability;
import dev.perennial.snapshot.SnapshotOptions;
import dev.perennial.snapshot.Snapshots;
import dev.perennial.store.Commit;
import dev.perennial.store.Position;
import dev.perennial.store.Store;
import dev.perennial.tensor.StatePart;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** When a run's state is committed to its store, and how far learning is ahead of what is durable. */
final class Commits implements AutoCloseable {

  /** Time between commits within an experience: so many seconds, and so many times what the last commit took. */
  private static final double COMMIT_SECONDS = 10;

  private static final double COMMIT_RATIO = 20;

  /** Commits that stay whole: the newest, and one to fall back to. */
  private static final int KEPT_COMMITS = 2;

  private static final double NANOS = 1e9;

  private final Store store;
  private final SnapshotOptions options;
  private final Clock clock;
  private final RunListener listener;
  private final @Nullable Snapshots snapshots;
  private long lastCommit = System.nanoTime();
  private double lastCommitSeconds;
  /** Steps taken, those of them in the last snapshot, and those known to be durable. */
  private long steps;
  private long stepsTaken;
  private long stepsDurable;

  Commits(Store store, SnapshotOptions options, Clock clock, RunListener listener) {
    this.store = store;
    this.options = options;
    this.clock = clock;
    this.listener = listener;
    snapshots =
        options.durability() == Durability.SYNC ? null : new Snapshots(store, KEPT_COMMITS, System::nanoTime);
    store.limit(options.bytesPerSecond());
  }

  /** A step was taken. */
  void stepped() {
    steps++;
  }

  /**
   * Commits if it is time to. Where a snapshot is in flight, the next one stands for all that were due meanwhile; learning
   * waits only where it is as far ahead as it may be.
   */
  void ifDue(Runnable commit) {
    if (snapshots != null) {
      snapshots.poll().ifPresent(this::durable);
    }
    if (snapshots != null && behind() >= options.mostBehind()) {
      settle();
      if (behind() > 0) {
        commit.run();
        settle();
      }
    } else if (isDue() && (snapshots == null || !snapshots.isBusy())) {
      commit.run();
    }
  }

  private boolean isDue() {
    if (options.every() > 0 && steps - stepsTaken >= options.every()) {
      return true;
    }
    if (snapshots != null && 2 * (steps - stepsTaken) >= options.mostBehind()) {
      return true;
    }
    return options.every() == 0
        && (System.nanoTime() - lastCommit) / NANOS > Math.max(COMMIT_SECONDS, COMMIT_RATIO * lastCommitSeconds);
  }

  private long behind() {
    return steps - stepsDurable;
  }

  /** Commits a state, whose tensors must not change before this returns. */
  void commit(Position position, List<StatePart> state, Map<String, String> documents) {
    long start = System.nanoTime();
    if (snapshots == null) {
      Commit commit = store.commit(position, state, documents, clock.instant());
      store.collect(KEPT_COMMITS);
      stepsTaken = steps;
      durable(commit);
    } else {
      snapshots.take(position, state, documents, clock.instant()).ifPresent(this::durable);
      stepsTaken = steps;
    }
    lastCommit = System.nanoTime();
    lastCommitSeconds = (lastCommit - start) / NANOS;
  }

  /** Returns when everything that was committed is durable. */
  void settle() {
    if (snapshots != null) {
      snapshots.settle().ifPresent(this::durable);
    }
  }

  /** Called before the next snapshot is noted, so that the steps taken last are those of this one. */
  private void durable(Commit commit) {
    stepsDurable = stepsTaken;
    listener.committed(commit.id());
    listener.behind(behind());
  }

  /** Returns when everything that was committed is durable, and gives back the right to write to the store. */
  @Override
  public void close() {
    try {
      if (snapshots != null) {
        snapshots.close();
      }
    } finally {
      store.close();
    }
  }
}
