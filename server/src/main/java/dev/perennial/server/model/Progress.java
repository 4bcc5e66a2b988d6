package dev.perennial.server.model;

import java.util.concurrent.atomic.AtomicLong;

/** What a writer has done so far, counted. Safe for use by many threads. */
public final class Progress {

  private final AtomicLong learned = new AtomicLong();
  private final AtomicLong foreseen = new AtomicLong();
  private final AtomicLong skipped = new AtomicLong();
  private final AtomicLong published = new AtomicLong();
  private final AtomicLong publishNanos = new AtomicLong();
  private final AtomicLong commits = new AtomicLong();
  private final AtomicLong commitNanos = new AtomicLong();
  private final AtomicLong commitFailures = new AtomicLong();

  Progress() {}

  void learned(boolean rightBefore) {
    learned.incrementAndGet();
    if (rightBefore) {
      foreseen.incrementAndGet();
    }
  }

  void skipped(int rows) {
    skipped.addAndGet(rows);
  }

  void published(long nanos) {
    published.incrementAndGet();
    publishNanos.addAndGet(nanos);
  }

  void committed(long commit, long nanos) {
    commits.set(commit);
    commitNanos.addAndGet(nanos);
  }

  void notCommitted() {
    commitFailures.incrementAndGet();
  }

  /** Commits that failed, and were tried again later. */
  public long commitFailures() {
    return commitFailures.get();
  }

  /** Rows learned. */
  public long learned() {
    return learned.get();
  }

  /** Rows whose class was predicted before they were learned: prequential accuracy is this over {@link #learned}. */
  public long foreseen() {
    return foreseen.get();
  }

  /** Rows of models that are no longer there, or learn no more. */
  public long skipped() {
    return skipped.get();
  }

  /** Snapshots published. */
  public long published() {
    return published.get();
  }

  /** Seconds spent in solving for what was published. */
  public double publishSeconds() {
    return publishNanos.get() / 1e9;
  }

  /** The number of the commit that was made last, of whichever model. */
  public long lastCommit() {
    return commits.get();
  }

  /** Seconds spent in commits. */
  public double commitSeconds() {
    return commitNanos.get() / 1e9;
  }
}
