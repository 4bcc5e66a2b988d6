package dev.perennial.cli;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.util.function.LongSupplier;

/*
 * A serial collector lets its old generation grow up to the largest heap before it looks for garbage there, so that a server
 * that holds 20 MB for good would come to hold gigabytes. It is asked to look as soon as
 *   used > 1.5 live + 8 MB,   live = what was used after the last look
 * which bounds what is resident, and happens every few minutes under load, for some hundredths of a second.
 */
/** Has what has grown old and is not used any more collected, before a long-running process has grown by it. */
final class OldGarbage {

  private static final double MOST = 1.5;
  private static final long SLACK = 8L << 20;
  private static final String POOL = "Tenured Gen";

  private final LongSupplier used;
  private final LongSupplier live;
  private final Runnable collect;

  /**
   * Garbage somewhere.
   *
   * @param used bytes in use or garbage, now
   * @param live bytes in use after the last collection
   */
  OldGarbage(LongSupplier used, LongSupplier live, Runnable collect) {
    this.used = used;
    this.live = live;
    this.collect = collect;
  }

  /** That of this process; none with a collector that looks by itself. */
  static OldGarbage ofThisProcess() {
    for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
      if (pool.getName().equals(POOL)) {
        return new OldGarbage(
            () -> pool.getUsage().getUsed(), () -> pool.getCollectionUsage().getUsed(), System::gc);
      }
    }
    return new OldGarbage(() -> 0, () -> 0, () -> {});
  }

  /** Collects where there is much. */
  void look() {
    if (used.getAsLong() > MOST * live.getAsLong() + SLACK) {
      collect.run();
    }
  }
}
