package dev.perennial.bench;

import com.sun.nio.file.ExtendedOpenOption;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.protect.MemberProcesses;
import dev.perennial.store.Access;
import dev.perennial.store.Commit;
import dev.perennial.store.Position;
import dev.perennial.store.Store;
import dev.perennial.store.StoredParts;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code perennial bench recovery}: a state got back from the memory of a group, and from disk. */
@Command(
    name = "recovery",
    header = "Measure how fast a state is got back from the memory of a group of processes, and from disk.",
    description = {
        "",
        "A random state is saved into a group and committed to a store; as many members as may be lost are killed, those that "
            + "hold data first; and the state is got back, every byte digested and compared. From disk twice: as a store is "
            + "opened, when the system has its files in memory still, and past the system's cache, as after a restart of "
            + "the machine."},
    footer = {
        "  ./perennial bench recovery --bytes 1g --members 4 --parity 1",
        "  ./perennial bench recovery --bytes 256m --members 6 --parity 2 --runs 5 --json recovery.json"})
public final class RecoveryBench implements Callable<Integer> {

  private static final int CHUNK = 1 << 20;
  private static final double NANOS = 1e9;

  @Option(names = "--bytes", paramLabel = "N", defaultValue = "1g",
      description = "Size of the state, with k, m or g for powers of 1,024. Default: ${DEFAULT-VALUE}.")
  private String size = "";

  @Option(names = "--members", paramLabel = "N", defaultValue = "4", description = "Default: ${DEFAULT-VALUE}.")
  private int members;

  @Option(names = "--parity", paramLabel = "M", defaultValue = "1",
      description = "Members that may be lost, and are killed. Default: ${DEFAULT-VALUE}.")
  private int parity;

  @Option(names = "--runs", paramLabel = "R", defaultValue = "3",
      description = "How often each is measured. Default: ${DEFAULT-VALUE}.")
  private int runs;

  @Option(names = "--disk", paramLabel = "DIR", defaultValue = ".",
      description = "A directory on the disk to measure; what is written there is deleted. Default: this directory.")
  private Path disk = Path.of(".");

  @Mixin
  private JsonOutput output = new JsonOutput();

  @Spec
  private CommandSpec spec = CommandSpec.create();

  private static long bytes(String text) {
    if (!text.matches("[1-9][0-9]{0,11}[kmgKMG]?")) {
      throw new UsageException("expected --bytes such as 256m or 1g, got " + text);
    }
    char unit = Character.toLowerCase(text.charAt(text.length() - 1));
    int shift = switch (unit) {
      case 'k' -> 10;
      case 'm' -> 20;
      case 'g' -> 30;
      default -> 0;
    };
    long number = Long.parseLong(shift == 0 ? text : text.substring(0, text.length() - 1));
    if (number > 64L << 30 >> shift || number << shift < 1024) {
      throw new UsageException("expected --bytes between 1k and 64g, got " + text);
    }
    return number << shift;
  }

  /**
   * Measures, prints a table, and writes JSON where asked.
   *
   * @return 0
   * @throws UsageException if an option is out of range
   * @throws FailureException if there is no memory or disk for it
   */
  @Override
  public Integer call() {
    long total = bytes(size);
    Numbers.require("--members", members, 2, 64);
    Numbers.require("--parity", parity, 1, members - 1);
    Numbers.require("--runs", runs, 1, 100);
    output.check();
    if (!Files.isDirectory(disk) || !Files.isWritable(disk)) {
      throw new UsageException("expected a directory that can be written for --disk, got " + disk);
    }
    var progress = new Progress(spec.commandLine().getErr(), System::nanoTime, "recovery");
    RecoveryFigures figures;
    try (Arena arena = Arena.ofShared()) {
      progress.say("making a state of " + Numbers.whole(total) + " bytes");
      figures = measure(random(total, arena), progress);
    } catch (IOException e) {
      throw new FailureException("cannot measure on " + disk + " (" + e.getMessage() + "): check its space", e);
    }
    output.write(figures);
    PrintWriter out = spec.commandLine().getOut();
    out.println(figures.text());
    out.flush();
    return 0;
  }

  private static MemorySegment random(long total, Arena arena) {
    MemorySegment state = arena.allocate(total, Long.BYTES);
    var random = new SplittableRandom(1);
    byte[] chunk = new byte[CHUNK];
    for (long at = 0; at < total; at += CHUNK) {
      random.nextBytes(chunk);
      MemorySegment.copy(chunk, 0, state, ValueLayout.JAVA_BYTE, at, (int) Math.min(CHUNK, total - at));
    }
    return state;
  }

  private RecoveryFigures measure(MemorySegment state, Progress progress) throws IOException {
    var ways = new ArrayList<RecoveryFigures.Way>();
    var saves = new ArrayList<Double>();
    double survival;
    try (var group = new MemberProcesses(members, parity, 3 * state.byteSize() / (members - parity) + CHUNK)) {
      survival = group.group().code().survival(0.01);
      for (int run = 1; run <= runs; run++) {
        progress.say("saving into the memory of " + members + " members, " + run + " of " + runs);
        int number = run;
        saves.add(seconds(() -> group.group().save("bench", number, state)));
      }
      for (int member = 0; member < parity; member++) {
        group.kill(member);
      }
      var times = new ArrayList<Double>();
      for (int run = 1; run <= runs; run++) {
        progress.say("getting it back from those that are left, " + run + " of " + runs);
        try (Arena arena = Arena.ofShared()) {
          long start = System.nanoTime();
          MemorySegment back = group.group().load("bench", arena).orElseThrow().bytes();
          times.add((System.nanoTime() - start) / NANOS);
          same(state, back);
        }
      }
      ways.add(new RecoveryFigures.Way("memory peers", times));
    }
    Path directory = Files.createTempDirectory(disk, "recovery");
    try {
      return measureDisk(state, directory, progress, saves, survival, ways);
    } finally {
      delete(directory);
    }
  }

  private RecoveryFigures measureDisk(MemorySegment state, Path directory, Progress progress, List<Double> saves,
      double survival, List<RecoveryFigures.Way> ways) throws IOException {
    Path place = directory.resolve("store");
    var part = StatePart.of("state", Combine.LATEST, Map.of(
        "bytes", new TensorData(Dtype.U8, List.of(state.byteSize()), state)));
    progress.say("committing it to a store in " + disk);
    double commitSeconds;
    try (Store store = Store.create(place, "bench")) {
      commitSeconds = seconds(() -> store.commit(Position.START, List.of(part), Map.of(), Instant.EPOCH));
    }
    var cached = new ArrayList<Double>();
    var direct = new ArrayList<Double>();
    for (int run = 1; run <= runs; run++) {
      progress.say("reading it from the store, " + run + " of " + runs);
      try (Store store = Store.open(place, Access.READ); Arena arena = Arena.ofShared()) {
        long start = System.nanoTime();
        Commit head = store.log().getFirst();
        MemorySegment back = arena.allocate(state.byteSize(), Long.BYTES);
        try (StoredParts parts = store.parts(head)) {
          back.copyFrom(parts.part("state").tensor("bytes").data());
        }
        cached.add((System.nanoTime() - start) / NANOS);
        same(state, back);
        progress.say("reading it past the system's cache, " + run + " of " + runs);
        direct.add(readDirectly(place.resolve("blobs"), head.parts().getFirst().sha256(), state));
      }
    }
    ways.add(new RecoveryFigures.Way("store on disk, files in the system's cache", cached));
    ways.add(new RecoveryFigures.Way("disk, past the system's cache", direct));
    return new RecoveryFigures(Machine.here(Runtime.getRuntime().availableProcessors()), state.byteSize(), members, parity,
        parity, survival, saves, commitSeconds, ways);
  }

  /** Reads a blob into memory and digests it, by direct input where the file system has it. */
  private static double readDirectly(Path blobs, String sha256, MemorySegment state) throws IOException {
    Path file = blobs.resolve(sha256 + ".safetensors");
    int block = (int) Math.max(4096, Files.getFileStore(file).getBlockSize());
    try (Arena arena = Arena.ofShared()) {
      MemorySegment back = arena.allocate(Files.size(file), Long.BYTES);
      ByteBuffer chunk = ByteBuffer.allocateDirect(4 * CHUNK + block).alignedSlice(block);
      chunk.limit(4 * CHUNK);
      long start = System.nanoTime();
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      try (FileChannel channel = open(file)) {
        long at = 0;
        while (at < back.byteSize()) {
          chunk.clear().limit(4 * CHUNK);
          int length = channel.read(chunk);
          if (length < 0) {
            throw new IOException("the file " + file + " ends early");
          }
          chunk.flip();
          MemorySegment.copy(MemorySegment.ofBuffer(chunk), 0, back, at, length);
          digest.update(chunk);
          at += length;
        }
      }
      double seconds = (System.nanoTime() - start) / NANOS;
      if (!HexFormat.of().formatHex(digest.digest()).equals(sha256)) {
        throw new FailureException("the file " + file + " does not read back as it was written: check the disk");
      }
      same(state, back.asSlice(back.byteSize() - state.byteSize()));
      return seconds;
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  private static FileChannel open(Path file) throws IOException {
    try {
      return FileChannel.open(file, StandardOpenOption.READ, ExtendedOpenOption.DIRECT);
    } catch (UnsupportedOperationException | IOException e) {
      throw new UsageException(String.format(Locale.ROOT, "expected a directory on a disk for --disk, and the file system of"
          + " %s cannot be read past the system's cache (%s): name another", file.getParent(), e.getMessage()), e);
    }
  }

  private static void same(MemorySegment expected, MemorySegment found) {
    if (expected.mismatch(found) != -1) {
      throw new FailureException("what came back is not what was saved: report it");
    }
  }

  private static double seconds(Runnable work) {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) / NANOS;
  }

  private static void delete(Path directory) throws IOException {
    try (var paths = Files.walk(directory)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
