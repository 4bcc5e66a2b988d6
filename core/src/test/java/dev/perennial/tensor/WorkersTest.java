package dev.perennial.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.UsageException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

final class WorkersTest {

  @Test
  void run_manyTasks_givesResultsInTheirOrder() {
    try (var workers = new Workers(3)) {
      var tasks = new ArrayList<Callable<Integer>>();
      var expected = new ArrayList<Integer>();
      for (int i = 0; i < 50; i++) {
        int number = i;
        tasks.add(() -> number * number);
        expected.add(i * i);
      }
      assertEquals(expected, workers.run(tasks));
      assertEquals(List.of(), workers.run(List.<Callable<Integer>>of()));
    }
  }

  @Test
  void run_asManyTasksAsWorkers_runSideBySide() {
    try (var workers = new Workers(2)) {
      var both = new CyclicBarrier(2);
      Callable<Boolean> meet = () -> {
        both.await(20, TimeUnit.SECONDS);
        return true;
      };
      assertEquals(List.of(true, true), workers.run(List.of(meet, meet)));
    }
  }

  @Test
  void run_tasksThatFail_throwsTheFirstInOrderAfterAllHaveEnded() {
    try (var workers = new Workers(2)) {
      var first = new UsageException("first");
      var ended = new AtomicInteger();
      List<Callable<Integer>> tasks = List.of(
          () -> ended.incrementAndGet(),
          () -> {
            throw first;
          },
          () -> {
            throw new UsageException("second");
          },
          () -> ended.incrementAndGet());
      assertSame(first, assertThrows(UsageException.class, () -> workers.run(tasks)));
      assertEquals(2, ended.get());
      assertEquals(List.of(3), workers.run(List.of(() -> 3)));
    }
  }

  @Test
  void size_outOfRange_isRefused() {
    assertThrows(UsageException.class, () -> new Workers(0));
    assertThrows(UsageException.class, () -> new Workers(1025));
  }

  @Test
  void withBlasThreads_result_isTheSameWhatTheThreads() {
    LibTorch.load();
    try (TensorScope scope = TensorScope.inference()) {
      double[] one = LibTorch.withBlasThreads(1, () -> product());
      double[] two = LibTorch.withBlasThreads(2, () -> product());
      for (int i = 0; i < one.length; i++) {
        assertEquals(one[i], two[i], 1e-9);
      }
    }
    assertThrows(UsageException.class, () -> LibTorch.withBlasThreads(0, () -> 1));
  }

  @Test
  void withOperationThreads_product_isTheSameAndOneThreadIsLeftBehind() {
    LibTorch.load();
    try (TensorScope scope = TensorScope.inference()) {
      double[] one = product();
      double[] two = LibTorch.withOperationThreads(2, () -> {
        assertEquals(2, torch.get_num_threads());
        return product();
      });
      assertArrayEquals(one, two, 1e-9);
      assertEquals(1, torch.get_num_threads());
    }
    assertThrows(UsageException.class, () -> LibTorch.withOperationThreads(0, () -> 1));
  }

  private static double[] product() {
    double[] values = new double[64 * 64];
    for (int i = 0; i < values.length; i++) {
      values[i] = CounterRandom.of(1).uniform(i);
    }
    return Tensors.toDoubles(Tensors.doubles(values, 64, 64).mm(Tensors.doubles(values, 64, 64)));
  }
}
