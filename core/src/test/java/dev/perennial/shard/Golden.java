package dev.perennial.shard;

import dev.perennial.Options;
import dev.perennial.learn.Learner;
import dev.perennial.learn.Techniques;
import dev.perennial.learn.World;
import dev.perennial.store.Access;
import dev.perennial.store.Backup;
import dev.perennial.store.Commit;
import dev.perennial.store.Position;
import dev.perennial.store.Store;
import dev.perennial.tensor.Exchange;
import dev.perennial.tensor.TensorScope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/**
 * The files of each version of the formats, in {@code src/test/resources/golden}, which must load for ever. Run once for a
 * new version, from the module's directory, by that version's own writers: {@code Golden DIRECTORY}. Those of older
 * versions are never made again.
 */
final class Golden {

  static final String TECHNIQUE_OF_STORE = "replay";
  static final String TECHNIQUE_OF_SHARDS = "g-acil";
  static final Map<String, String> DOCUMENTS = Map.of("ledger", "{\"spent\": 7}", "nöte", "an older one\nof two lines");
  static final String SPEC = "the spec of version 1, ünd more";
  static final Instant TIME = Instant.parse("2026-11-22T12:00:00.123456789Z");

  private Golden() {}

  static Learner learner(World world, String technique, Exchange exchange) {
    var options = new LinkedHashMap<>(Map.of("epochs", "2", "batch", "4", "rate", "0.01", "sites", "linear", "rank", "2",
        "features", "16", "memory", "6"));
    options.keySet().retainAll(Options.flat(Techniques.load().choose(technique, Map.of()).options()).keySet());
    return Techniques.load().choose(technique, options).learner(world.context(1).with(exchange));
  }

  /** Learns the first experience in whole. */
  static void learn(World world, Learner learner) {
    for (long step = 0; step < learner.steps(world.experiences().getFirst()); step++) {
      try (TensorScope scope = TensorScope.inference()) {
        learner.step(world.experiences().getFirst(), step);
      }
    }
  }

  /** Makes the files of the version that this program writes. */
  public static void main(String... arguments) throws IOException {
    Path out = Files.createDirectories(Path.of(arguments[0]));
    Path scratch = Files.createTempDirectory("golden");
    try (World world = World.tiny(1); TensorScope scope = TensorScope.inference()) {
      Path store = scratch.resolve("store");
      try (Store open = Store.create(store, SPEC); Learner learner = learner(world, TECHNIQUE_OF_STORE, Exchange.ALONE)) {
        open.commit(Position.START, learner.state(), Map.of(), TIME);
        learn(world, learner);
        Commit commit = open.commit(new Position(1, 0), learner.state(), DOCUMENTS, TIME);
        open.collect(1);
        System.out.println("commit " + commit.id());
      }
      Store.open(store, Access.READ).close();
      Path backup = scratch.resolve("backup");
      Backup.write(store, List.of(), backup, TIME, (done, of) -> {});
      Path shards = scratch.resolve("shards");
      try (var replicas = new Replicas(2, exchange -> learner(world, TECHNIQUE_OF_SHARDS, exchange))) {
        learn(world, replicas);
        replicas.shards().forEach(shard -> ShardFiles.write(shards, shard));
        System.out.println("shards " + replicas.shards().getFirst().whole());
      }
      zip(store, out.resolve("store-1.zip"));
      zip(backup, out.resolve("backup-1.zip"));
      zip(shards, out.resolve("shards-1.zip"));
    }
  }

  private static void zip(Path directory, Path file) throws IOException {
    try (var zip = new ZipOutputStream(Files.newOutputStream(file)); var paths = Files.walk(directory)) {
      for (Path path : paths.filter(Files::isRegularFile).sorted().toList()) {
        String name = directory.relativize(path).toString();
        if (!name.equals("lock") && !name.endsWith("-wal") && !name.endsWith("-shm")) {
          zip.putNextEntry(new ZipEntry(name));
          Files.copy(path, zip);
          zip.closeEntry();
        }
      }
    }
  }

  /** Unpacks one of the files. */
  static Path unzip(String name, Path directory) throws IOException {
    try (var in = Golden.class.getResourceAsStream("/golden/" + name)) {
      if (in == null) {
        throw new IOException("there is no golden file " + name);
      }
      var zip = new ZipInputStream(in);
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        Path file = directory.resolve(entry.getName());
        Path parent = file.getParent();
        if (parent != null) {
          Files.createDirectories(parent);
        }
        Files.copy(zip, file);
      }
    }
    return directory;
  }
}
