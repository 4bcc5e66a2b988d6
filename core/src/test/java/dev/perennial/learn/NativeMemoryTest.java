package dev.perennial.learn;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.TensorScope;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;

/** Thousands of training steps hold no more native memory than hundreds. */
final class NativeMemoryTest {

  private static final int WARM = 1_000;
  private static final int STEPS = 5_000;
  private static final int MOST = 20_000;

  @Test
  void step_fiveThousandTimes_holdsNoMoreTensorsAndNativeMemory() throws Throwable {
    Experience experience = World.letters(1, 2, 80).getFirst();
    var options = new GradientOptions(
        1000, 8, new OptimiserOptions(OptimiserOptions.Kind.ADAMW, 0.001, 0, OptimiserOptions.Schedule.COSINE, 0, 0.01),
        new LoraOptions(2, 4, 0.1, "linear"), HeadOptions.DEFAULT);
    try (var world = new World(TinyBackbone.frozen(), 2, List.of(experience));
        var learner = new GradientLearner(options, world.context(1), new Objective() {})) {
      assertTrue(learner.steps(experience) >= MOST);
      leastBytes(learner, experience, 0, WARM);
      int taken = 3 * WARM;
      long before = leastBytes(learner, experience, WARM, taken);
      long pointers = Pointer.totalCount();
      leastBytes(learner, experience, taken, taken + STEPS);
      taken += STEPS;
      long after = leastBytes(learner, experience, taken, taken + WARM);
      // The collector may still find pointers that tests before this one left to it: there may be fewer, never more.
      assertTrue(Pointer.totalCount() <= pointers, "pointers held before " + pointers + ", after " + Pointer.totalCount());
      // The JVM's compiler shares the C library, and gives back in time what it takes; a leak only grows.
      for (taken += WARM; after > 1.02 * before && taken < MOST; taken += WARM) {
        after = leastBytes(learner, experience, taken, taken + WARM);
      }
      assertTrue(after <= 1.02 * before, before + " bytes at first, " + after + " after " + taken + " steps");
    }
  }

  /** Takes steps, and returns the least native memory seen on the way. */
  private static long leastBytes(Learner learner, Experience experience, int from, int to) throws Throwable {
    long least = Long.MAX_VALUE;
    for (int step = from; step < to; step++) {
      try (TensorScope scope = TensorScope.inference()) {
        learner.step(experience, step);
      }
      if (step % 20 == 19) {
        least = Math.min(least, nativeBytes());
      }
    }
    return least;
  }

  /** Bytes that the C library has handed out and not got back: those of libtorch, and the little that the JVM takes. */
  private static long nativeBytes() throws Throwable {
    Linker linker = Linker.nativeLinker();
    // struct mallinfo2 { size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost; }
    var layout = MemoryLayout.structLayout(MemoryLayout.sequenceLayout(10, ValueLayout.JAVA_LONG));
    var mallinfo = linker.downcallHandle(
        linker.defaultLookup().findOrThrow("mallinfo2"), FunctionDescriptor.of(layout));
    try (Arena arena = Arena.ofConfined()) {
      var info = (MemorySegment) mallinfo.invokeExact((SegmentAllocator) arena);
      return info.getAtIndex(ValueLayout.JAVA_LONG, 4) + info.getAtIndex(ValueLayout.JAVA_LONG, 7);
    }
  }
}
