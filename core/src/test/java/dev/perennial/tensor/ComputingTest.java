package dev.perennial.tensor;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Collections;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

final class ComputingTest {

  @Test
  void begin_inWhatThisThreadBegan_isPartOfIt() {
    var computing = new Computing();
    assertTrue(computing.begin());
    assertFalse(computing.begin());
    assertTrue(computing.here());
    computing.end();
    assertFalse(computing.here());
  }

  @Test
  void endForGood_whileSomebodyComputes_waitsForThemAndLetsNobodyBegin() throws InterruptedException {
    var computing = new Computing();
    var begun = new CountDownLatch(1);
    var mayEnd = new CountDownLatch(1);
    Thread computes = Thread.ofVirtual().start(() -> {
      computing.begin();
      begun.countDown();
      try {
        mayEnd.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      computing.end();
    });
    assertTrue(begun.await(20, TimeUnit.SECONDS));
    assertFalse(computing.endForGood(Duration.ofMillis(1)), "somebody computes");
    mayEnd.countDown();
    assertTrue(computing.endForGood(Duration.ofSeconds(20)));
    computes.join();

    var began = new AtomicBoolean();
    Thread late = Thread.ofVirtual().start(() -> began.set(computing.begin()));
    assertFalse(late.join(Duration.ofMillis(50)), "nobody may begin after the end");
    assertFalse(began.get());
  }

  @Test
  void run_ofWorkers_callerThatWaitsDoesNotCompute() {
    try (var workers = new Workers(2); TensorScope scope = TensorScope.inference()) {
      Thread caller = Thread.currentThread();
      assertTrue(Computing.NATIVE.here());
      workers.run(Collections.nCopies(2, () -> {
        assertFalse(Computing.NATIVE.here(), "a task begins with its own scope");
        assertFalse(Thread.currentThread() == caller);
        return 0;
      }));
      assertTrue(Computing.NATIVE.here());
    }
  }
}
