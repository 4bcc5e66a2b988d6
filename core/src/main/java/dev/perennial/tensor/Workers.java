package dev.perennial.tensor;

import dev.perennial.UsageException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A fixed number of platform threads that compute with native tensors, each operation on one thread.
 *
 * <p>A task opens its own {@link TensorScope}. Tasks of one call run side by side and all end before the call returns,
 * also when one fails. A task must not wait for others: it may not call {@link #run} itself.
 */
public final class Workers implements AutoCloseable {

  private final ExecutorService pool;
  private final int size;

  /**
   * Loads libtorch and starts the threads.
   *
   * @param size threads, from 1 to 1024
   */
  public Workers(int size) {
    if (size < 1 || size > 1024) {
      throw new UsageException("expected a number of threads between 1 and 1024, got " + size);
    }
    LibTorch.load();
    this.size = size;
    pool = Executors.newFixedThreadPool(size, Thread.ofPlatform().daemon().name("perennial-worker-", 0).factory());
  }

  /** How many there are. */
  public int size() {
    return size;
  }

  /**
   * Runs every task, a single one on the calling thread, and returns their results in the order of the tasks. The first
   * failure, in that order, is thrown.
   */
  public <T> List<T> run(List<? extends Callable<T>> tasks) {
    if (tasks.size() == 1) {
      return List.of(here(tasks.getFirst()));
    }
    boolean computing = Computing.NATIVE.here();
    if (computing) {
      Computing.NATIVE.end();
    }
    try {
      return all(tasks);
    } finally {
      if (computing) {
        Computing.NATIVE.begin();
      }
    }
  }

  private <T> List<T> all(List<? extends Callable<T>> tasks) {
    try {
      List<Future<T>> futures = pool.invokeAll(tasks);
      var results = new ArrayList<T>(futures.size());
      for (Future<T> future : futures) {
        results.add(future.get());
      }
      return results;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      if (e.getCause() instanceof Error failure) {
        throw failure;
      }
      throw new IllegalStateException("a worker's task failed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while workers were computing", e);
    }
  }

  /** Runs a task that would have nothing beside it, without waking another thread. */
  private static <T> T here(Callable<T> task) {
    try {
      return task.call();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("a worker's task failed", e);
    }
  }

  @Override
  public void close() {
    pool.close();
  }
}
