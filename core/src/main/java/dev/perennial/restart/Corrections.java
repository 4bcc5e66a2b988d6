package dev.perennial.restart;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.data.Example;
import dev.perennial.stream.Experience;
import dev.perennial.stream.Stream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a supervisor has changed of a run since it began, for whoever goes on with it: {@code corrections.json} and
 * {@code quarantine.jsonl} in the store's directory. Each is written beside its place, synced and renamed.
 *
 * @param options of the technique that have another value now, by name
 * @param quarantined rows that are left out
 */
public record Corrections(SortedMap<String, String> options, List<QuarantinedRow> quarantined) {

  private static final Corrections NONE = new Corrections(new TreeMap<>(), List.of());
  private static final ObjectMapper JSON = JsonMapper.builder().build();

  private record Changed(SortedMap<String, String> options) {}

  /** Copies the collections. */
  public Corrections {
    options = Collections.unmodifiableSortedMap(new TreeMap<>((Map<String, String>) options));
    quarantined = List.copyOf(quarantined);
  }

  /**
   * Those of a store.
   *
   * @throws FailureException if they cannot be read
   */
  public static Corrections of(Path directory) {
    Path changed = changed(directory);
    Path rows = rows(directory);
    Corrections corrections = NONE;
    try {
      if (Files.exists(changed)) {
        corrections =
            new Corrections(JSON.readValue(Files.readAllBytes(changed), Changed.class).options(), List.of());
      }
      if (Files.exists(rows)) {
        var quarantined = new ArrayList<QuarantinedRow>();
        for (String line : Files.readAllLines(rows)) {
          quarantined.add(JSON.readValue(line, QuarantinedRow.class));
        }
        corrections = new Corrections(corrections.options, quarantined);
      }
      return corrections;
    } catch (IOException e) {
      throw new FailureException("expected the corrections of a supervisor in " + changed + " and " + rows
          + ", got something else (" + e.getMessage() + "): put the files back as they were", e);
    }
  }

  /** These with another value for an option. */
  Corrections with(String option, String value) {
    var more = new TreeMap<>((Map<String, String>) options);
    more.put(option, value);
    return new Corrections(more, quarantined);
  }

  /** These with more rows left out. */
  Corrections without(List<QuarantinedRow> rows) {
    var more = new ArrayList<>(quarantined);
    more.addAll(rows);
    return new Corrections(options, more);
  }

  void write(Path directory) {
    try {
      if (!options.isEmpty()) {
        replace(changed(directory), JSON.writeValueAsString(new Changed(options)) + "\n");
      }
      if (!quarantined.isEmpty()) {
        var lines = new StringBuilder();
        for (QuarantinedRow row : quarantined) {
          lines.append(JSON.writeValueAsString(row)).append('\n');
        }
        replace(rows(directory), lines.toString());
      }
    } catch (IOException e) {
      throw new FailureException("cannot write to " + directory + " what is to be changed of the run (" + e.getMessage()
          + "): check its space and permissions", e);
    }
  }

  private static void replace(Path file, String text) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
        StandardOpenOption.TRUNCATE_EXISTING)) {
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    try (FileChannel parent = FileChannel.open(file.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
      parent.force(true);
    }
  }

  /**
   * The stream without the rows. The place of each is taken by a copy of the next row of its experience that stays, of
   * its class if there is one: so steps and batches keep their numbers, and a run that is in the middle of the experience
   * goes on as it began.
   *
   * @throws UsageException if an experience would have no row left
   */
  public Stream apply(Stream stream) {
    if (quarantined.isEmpty()) {
      return stream;
    }
    var experiences = new ArrayList<Experience>();
    for (Experience experience : stream.experiences()) {
      var out = new HashSet<Integer>();
      quarantined.stream().filter(row -> row.experience() == experience.index()).forEach(row -> out.add(row.row()));
      experiences.add(out.isEmpty() ? experience : new Experience(experience.index(), experience.name(),
          experience.classes(), replaced(experience, out), experience.test()));
    }
    return new Stream(stream.scenario(), experiences);
  }

  private static List<Example> replaced(Experience experience, Set<Integer> out) {
    List<Example> rows = experience.train();
    var replaced = new ArrayList<>(rows);
    for (int row : out) {
      if (row < 0 || row >= rows.size()) {
        throw new FailureException("expected the number of a row of experience " + (experience.index() + 1)
            + " in the quarantine, got " + row + " of " + rows.size() + ": put quarantine.jsonl back as it was");
      }
      int other = next(rows, row, out, true);
      other = other < 0 ? next(rows, row, out, false) : other;
      if (other < 0) {
        throw new UsageException("every row of experience " + (experience.index() + 1)
            + " is in the quarantine: repair the data, and learn them into a new store");
      }
      replaced.set(row, rows.get(other));
    }
    return replaced;
  }

  /** The next row after {@code row} that stays, round the end; -1 if there is none. */
  private static int next(List<Example> rows, int row, Set<Integer> out, boolean sameClass) {
    for (int i = 1; i < rows.size(); i++) {
      int other = (row + i) % rows.size();
      if (!out.contains(other) && (!sameClass || rows.get(other).label().equals(rows.get(row).label()))) {
        return other;
      }
    }
    return -1;
  }

  private static Path changed(Path directory) {
    return directory.resolve("corrections.json");
  }

  private static Path rows(Path directory) {
    return directory.resolve("quarantine.jsonl");
  }
}
