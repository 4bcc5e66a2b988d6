package dev.perennial.cli;

import dev.perennial.PerennialException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.budget.Resource;
import dev.perennial.engine.Inspection;
import dev.perennial.tensor.LibTorch;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;

/** What has to be right of a machine for Perennial to run well on it, looked at one by one. */
final class Checkup {

  private static final int JAVA = 25;
  private static final long LITTLE_MEMORY = 2L << 30;
  private static final long LITTLE_HEAP = 1L << 30;
  private static final long LITTLE_DISK = 1L << 30;
  private static final double SLOW_SYNC = 0.1;
  private static final double NANOS = 1e9;
  private static final List<String> REMOTE = List.of("nfs", "cifs", "smb", "fuse", "9p", "afs", "lustre");

  /** How well something is. */
  enum State { OK, WARN, FAIL }

  /**
   * Something that was looked at.
   *
   * @param what it is
   * @param state how well
   * @param detail what was found, and what to do about it
   */
  record Finding(String what, State state, String detail) {}

  private final LongSupplier ticker;
  private final List<Finding> findings = new ArrayList<>();

  private Checkup(LongSupplier ticker) {
    this.ticker = ticker;
  }

  /**
   * Looks at everything.
   *
   * @param place where stores are, or are to be
   * @param isStore whether it is a store, to be looked at itself
   */
  static List<Finding> of(Path place, boolean isStore, LongSupplier ticker) {
    var checkup = new Checkup(ticker);
    checkup.java();
    checkup.processors();
    checkup.memory();
    checkup.natives();
    checkup.backbone();
    checkup.disk(place);
    if (isStore) {
      checkup.store(place);
    }
    return checkup.findings;
  }

  private void found(String what, State state, String detail) {
    findings.add(new Finding(what, state, detail));
  }

  private void java() {
    Runtime.Version version = Runtime.version();
    boolean good = version.feature() >= JAVA;
    boolean cached = ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .anyMatch(argument -> argument.startsWith("-XX:AOTCache="));
    found("java", good ? State.OK : State.FAIL, version + " in " + System.getProperty("java.home")
        + (good ? cached ? ", starts from a cache of classes" : ", starts without a cache of classes (the first predict of"
            + " the launcher makes one)" : ": install a JDK " + JAVA + " or newer"));
  }

  private void processors() {
    int processors = Runtime.getRuntime().availableProcessors();
    double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    boolean busy = load > processors;
    found("processors", busy ? State.WARN : State.OK, String.format(Locale.ROOT, "%d, load %.1f%s", processors, load,
        busy ? ": other programs are using them, and figures of speed mean little" : ""));
  }

  private void memory() {
    long heap = Runtime.getRuntime().maxMemory();
    found("java memory", heap < LITTLE_HEAP ? State.WARN : State.OK, Resource.BYTES.format(heap)
        + (heap < LITTLE_HEAP ? ": give more, as in PERENNIAL_OPTS=-Xmx2g" : ""));
    if (ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system) {
      long free = system.getFreeMemorySize();
      long all = system.getTotalMemorySize();
      found("memory", all < LITTLE_MEMORY ? State.WARN : State.OK, Resource.BYTES.format(all) + ", of which "
          + Resource.BYTES.format(free) + " unused" + (all < LITTLE_MEMORY ? ": learning takes about 2 GiB" : ""));
    }
  }

  private void natives() {
    try {
      LibTorch.load();
      found("libtorch", State.OK, LibTorch.version());
    } catch (PerennialException e) {
      found("libtorch", State.FAIL, String.valueOf(e.getMessage()));
    }
  }

  private void backbone() {
    long start = ticker.getAsLong();
    try (Backbone backbone = Backbones.load("minilm")) {
      found("backbone", State.OK, String.format(Locale.ROOT, "minilm, digest %s, loaded in %.2f s",
          backbone.digest().substring(0, 12), (ticker.getAsLong() - start) / NANOS));
    } catch (PerennialException e) {
      found("backbone", State.FAIL, String.valueOf(e.getMessage()));
    }
  }

  private void disk(Path place) {
    Path existing = StorePath.nearestExisting(place.toAbsolutePath());
    if (existing == null) {
      found("disk", State.FAIL, place + " has no directory that is there: name another place");
      return;
    }
    try {
      FileStore store = Files.getFileStore(existing);
      long free = store.getUsableSpace();
      boolean remote = REMOTE.stream().anyMatch(store.type().toLowerCase(Locale.ROOT)::startsWith);
      State state = free < LITTLE_DISK || remote ? State.WARN : State.OK;
      found("disk", state, existing + " on " + store.type() + ", " + Resource.BYTES.format(free) + " free"
          + (free < LITTLE_DISK ? ": make room" : "")
          + (remote ? ": a network file system may not keep what it says it has synced, nor locks; keep stores on a disk"
              : ""));
    } catch (IOException e) {
      found("disk", State.FAIL, existing + " cannot be looked at: " + e);
      return;
    }
    sync(existing);
  }

  private void sync(Path directory) {
    Path file = null;
    try {
      file = Files.createTempFile(directory, "perennial-doctor", ".tmp");
      long start = ticker.getAsLong();
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.write(ByteBuffer.allocate(1 << 16));
        channel.force(true);
      }
      double seconds = (ticker.getAsLong() - start) / NANOS;
      found("sync", seconds > SLOW_SYNC ? State.WARN : State.OK, String.format(Locale.ROOT, "64 KiB in %.1f ms%s",
          1e3 * seconds, seconds > SLOW_SYNC ? ": commits will be slow here" : ""));
    } catch (IOException e) {
      found("sync", State.FAIL, directory + " cannot be written (" + e.getClass().getSimpleName()
          + "): check its permissions and space, or keep stores elsewhere");
    } finally {
      if (file != null) {
        file.toFile().delete();
      }
    }
  }

  private void store(Path directory) {
    try {
      Inspection store = Inspection.of(directory);
      boolean whole = store.fallback().isEmpty();
      found("store", whole ? State.OK : State.WARN, whole
          ? directory + ", " + store.commits().size() + " commits, the newest is whole"
          : store.fallback());
    } catch (PerennialException e) {
      found("store", State.FAIL, String.valueOf(e.getMessage()));
    }
  }
}
