package dev.perennial.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Signals that wait until native code on this thread has ended, for code whose stack does not bear a handler's frame.
 *
 * <p>All wait but those that an instruction raises by itself, which the system delivers at once or never. For Linux, as
 * its numbers are that system's.
 */
final class HeldSignals {

  /** Bytes of a set of signals in glibc. */
  private static final int SET = 128;

  private static final int BLOCK = 0;
  private static final int SET_MASK = 2;
  private static final int[] RAISED_BY_INSTRUCTIONS = {4, 5, 7, 8, 11};

  private final MethodHandle mask;
  private final MemorySegment held;
  private final ThreadLocal<MemorySegment> before = ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(SET));

  /** Finds the system's functions. */
  HeldSignals() {
    Linker linker = Linker.nativeLinker();
    SymbolLookup system = linker.defaultLookup();
    var number = ValueLayout.JAVA_INT;
    var set = ValueLayout.ADDRESS;
    mask = linker.downcallHandle(
        system.findOrThrow("pthread_sigmask"), FunctionDescriptor.of(number, number, set, set));
    held = Arena.global().allocate(SET);
    held.fill((byte) 0xff);
    for (int signal : RAISED_BY_INSTRUCTIONS) {
      int bit = signal - 1;
      byte others = held.get(ValueLayout.JAVA_BYTE, bit / 8);
      held.set(ValueLayout.JAVA_BYTE, bit / 8, (byte) (others & ~(1 << bit % 8)));
    }
  }

  /** Signals wait from now on; what was so before is what {@link #release} is given. */
  MemorySegment hold() throws Throwable {
    MemorySegment old = before.get();
    require((int) mask.invokeExact(BLOCK, held, old));
    return old;
  }

  /** Those that came meanwhile are delivered now. */
  void release(MemorySegment old) throws Throwable {
    require((int) mask.invokeExact(SET_MASK, old, MemorySegment.NULL));
  }

  private static void require(int error) {
    if (error != 0) {
      throw new IllegalStateException("no signals can be held: error " + error);
    }
  }
}
