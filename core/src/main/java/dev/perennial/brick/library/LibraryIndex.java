package dev.perennial.brick.library;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.perennial.FailureException;
import dev.perennial.brick.format.BrickFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the bricks of a library are, in one file beside them, so that a thousand are listed without opening the files of
 * each. It is a copy: whatever is missing in it, or is of another stamp, is looked up in the brick's own files.
 */
final class LibraryIndex {

  private static final String FILE = ".index.json";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final TypeReference<TreeMap<String, Entry>> TYPE = new TypeReference<>() {};

  private final Path root;

  /**
   * A brick as the file has it.
   *
   * @param stamp of the brick when it was looked at
   */
  private record Entry(String stamp, BrickFiles.Summary summary) {}

  /** @param root of the library */
  LibraryIndex(Path root) {
    this.root = root;
  }

  /**
   * What each brick is.
   *
   * @param stamps of the bricks that are there, by name
   * @param places of their files, by the same names
   */
  SortedMap<String, BrickFiles.Summary> summaries(SortedMap<String, String> stamps, Map<String, Path> places) {
    Map<String, Entry> known = read();
    var entries = new TreeMap<String, Entry>();
    stamps.forEach((name, stamp) -> {
      Entry entry = known.get(name);
      entries.put(name, entry != null && stamp.equals(entry.stamp)
          ? entry
          : new Entry(stamp, BrickFiles.summary(places.getOrDefault(name, root))));
    });
    if (!entries.equals(known) && Files.isWritable(root)) {
      write(entries);
    }
    var summaries = new TreeMap<String, BrickFiles.Summary>();
    entries.forEach((name, entry) -> summaries.put(name, entry.summary));
    return summaries;
  }

  /** Nothing where there is no file, or one that cannot be read as an index: then it is made anew. */
  private Map<String, Entry> read() {
    Path file = root.resolve(FILE);
    if (Files.notExists(file)) {
      return Map.of();
    }
    try {
      Map<String, Entry> entries = JSON.readValue(Files.readAllBytes(file), TYPE);
      return entries == null || entries.values().stream().anyMatch(entry -> entry == null || entry.summary == null)
          ? Map.of()
          : entries;
    } catch (JsonProcessingException e) {
      return Map.of();
    } catch (IOException e) {
      throw new FailureException("cannot read " + file + ": " + e.getMessage() + "; remove it, and it is made anew", e);
    }
  }

  private void write(Map<String, Entry> entries) {
    Path file = root.resolve(FILE);
    try {
      Path temporary = Files.createTempFile(root, ".index", ".tmp");
      Files.write(temporary, JSON.writeValueAsBytes(entries));
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new FailureException("cannot write " + file + ": " + e.getMessage() + "; check the place and its space", e);
    }
  }
}
