package dev.perennial.tensor;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
final class HeldSignalsTest {

  /** SIGWINCH, which nobody minds. */
  private static final int WINDOW_CHANGED = 28;

  @Test
  void hold_aSignal_waitsForTheRelease() throws Throwable {
    var signals = new HeldSignals();
    MemorySegment before = signals.hold();
    boolean waits;
    try {
      raise(WINDOW_CHANGED);
      waits = isPending(WINDOW_CHANGED);
    } finally {
      signals.release(before);
    }
    assertTrue(waits);
    assertFalse(isPending(WINDOW_CHANGED));
    raise(WINDOW_CHANGED);
    assertFalse(isPending(WINDOW_CHANGED));
  }

  private static void raise(int signal) throws Throwable {
    Linker linker = Linker.nativeLinker();
    var _ = (int) linker.downcallHandle(linker.defaultLookup().findOrThrow("raise"),
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT)).invokeExact(signal);
  }

  private static boolean isPending(int signal) throws Throwable {
    Linker linker = Linker.nativeLinker();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment set = arena.allocate(128);
      var _ = (int) linker.downcallHandle(linker.defaultLookup().findOrThrow("sigpending"),
          FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS)).invokeExact(set);
      return (set.get(ValueLayout.JAVA_BYTE, (signal - 1) / 8) >> (signal - 1) % 8 & 1) == 1;
    }
  }
}
