package dev.perennial.server.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.perennial.engine.DataSpec;
import dev.perennial.engine.Run;
import dev.perennial.engine.RunListener;
import dev.perennial.engine.RunSpec;
import dev.perennial.server.TinyWorld;
import dev.perennial.snapshot.Durability;
import dev.perennial.snapshot.SnapshotOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.TreeMap;

/** Stores that runs have learned over the tiny world. */
final class LearnedStores {

  private LearnedStores() {}

  /** Learns 160 rows of four classes in two experiences, into a directory of the technique's name. */
  static Path learn(Path directory, String backbone, String technique, Map<String, String> options) throws IOException {
    var lines = new StringBuilder("text,label\n");
    TinyWorld.rows(0, 160, 4).forEach(row -> lines.append(row.text()).append(',').append(row.label()).append('\n'));
    Path data = Files.writeString(directory.resolve("data.csv"), lines, UTF_8);
    RunSpec defaults = RunSpec.of(DataSpec.table(data.toString(), "text", "label", null), 2);
    var spec = new RunSpec(defaults.data(), defaults.scenario(), 2, technique, new TreeMap<>(options), backbone,
        defaults.device(), defaults.budget(), 3, 1);
    Path store = directory.resolve(technique);
    try (Run run = Run.create(spec, store, new SnapshotOptions(Durability.SYNC, 0, 1, Double.POSITIVE_INFINITY),
        Clock.systemUTC(), new RunListener() {})) {
      run.execute();
    }
    return store;
  }
}
