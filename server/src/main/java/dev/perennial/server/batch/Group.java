package dev.perennial.server.batch;

import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** The texts of one request, which come back together. */
final class Group {

  private final CountDownLatch left;
  private volatile @Nullable RuntimeException failure;

  Group(int texts) {
    left = new CountDownLatch(texts);
  }

  /** One of them is done. */
  void done(@Nullable RuntimeException problem) {
    if (problem != null) {
      failure = problem;
    }
    left.countDown();
  }

  /** Waits for all of them, and throws what went wrong with one. */
  void await() throws InterruptedException {
    left.await();
    RuntimeException problem = failure;
    if (problem != null) {
      throw problem;
    }
  }
}
