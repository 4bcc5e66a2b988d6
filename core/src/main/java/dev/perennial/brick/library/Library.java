package dev.perennial.brick.library;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.brick.format.BrickFiles;
import dev.perennial.tensor.TensorFormat;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A directory of bricks by name, each a directory as {@link BrickFiles} writes it.
 *
 * <p>A brick appears whole or not at all, and does not change afterwards: a name that is taken stays taken. What is made
 * of a brick can be added as its next version, and the newest one is what its name stands for; {@code NAME@2} is the
 * second, for ever. Going back adds a version too, so that nothing is lost.
 */
public final class Library {

  /** The operation by which a version becomes the newest again, in its provenance. */
  public static final String ROLLBACK = "rollback";

  private static final String NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,99}";
  private static final String VERSION = "@[1-9][0-9]{0,8}";
  private static final Pattern NAMES = Pattern.compile(NAME);
  private static final Pattern VERSIONS = Pattern.compile(NAME + VERSION);
  private static final Pattern VERSIONED = Pattern.compile(NAME + "(" + VERSION + ")?");

  private final Path root;

  /** @param root where the bricks are; made when the first is added */
  public Library(Path root) {
    this.root = root;
  }

  /** The names, in alphabetical order. O(versions). */
  public List<String> names() {
    return List.copyOf(newest().keySet());
  }

  /**
   * For each brick, by name, a text that it keeps as long as its newest version is there, and that another one that takes
   * its place does not have: the version, and the time at which it was written. O(versions); one look at the directory of
   * each.
   */
  public SortedMap<String, String> stamps() {
    var stamps = new TreeMap<String, String>();
    newest().forEach((name, version) -> stamps.put(name, version.number + " " + version.written));
    return stamps;
  }

  /**
   * What each brick is in its newest version, without a backbone, by name. O(versions); tensors are not read, and files
   * only of bricks that are new since it was last asked.
   */
  public SortedMap<String, BrickFiles.Summary> summaries() {
    SortedMap<String, Version> newest = newest();
    var stamps = new TreeMap<String, String>();
    var places = new TreeMap<String, Path>();
    newest.forEach((name, version) -> {
      stamps.put(name, version.number + " " + version.written);
      places.put(name, place(name, version.number));
    });
    return new LibraryIndex(root).summaries(stamps, places);
  }

  /** Every version there is, as {@code NAME@2}: by name, then from the first on. O(versions). */
  public List<String> versions() {
    var versions = new TreeMap<String, SortedSet<Integer>>();
    directories().forEach((directory, written) ->
        versions.computeIfAbsent(nameOf(directory), name -> new TreeSet<>()).add(versionOf(directory)));
    return versions.entrySet().stream()
        .flatMap(brick -> brick.getValue().stream().map(version -> brick.getKey() + "@" + version)).toList();
  }

  /**
   * What a brick is in its newest version, or in the one that is named, without a backbone; tensors are not read.
   *
   * @throws UsageException if there is none of that name
   * @throws FailureException if its files are damaged
   */
  public BrickFiles.Summary summary(String name) {
    return BrickFiles.summary(place(name));
  }

  /** A version of a brick, and when its directory was written. */
  private record Version(int number, Instant written) {}

  /** The newest version of each brick. */
  private SortedMap<String, Version> newest() {
    var newest = new TreeMap<String, Version>();
    directories().forEach((directory, written) -> newest.merge(nameOf(directory),
        new Version(versionOf(directory), written), (one, other) -> one.number > other.number ? one : other));
    return newest;
  }

  /** The directories of versions, and when they were written. */
  private Map<String, Instant> directories() {
    var found = new HashMap<String, Instant>();
    if (Files.isDirectory(root)) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(root)) {
        for (Path entry : entries) {
          String directory = entry.getFileName().toString();
          if (VERSIONED.matcher(directory).matches()) {
            var attributes = Files.readAttributes(entry, BasicFileAttributes.class);
            if (attributes.isDirectory()) {
              found.put(directory, attributes.lastModifiedTime().toInstant());
            }
          }
        }
      } catch (IOException e) {
        throw new FailureException("cannot read the library " + root + ": " + e.getMessage(), e);
      }
    }
    return found;
  }

  /** Whether there is a brick of that name, or that version of one. */
  public boolean has(String name) {
    return VERSIONED.matcher(name).matches() && (name.endsWith("@1")
        ? Files.isDirectory(root.resolve(nameOf(name)))
        : Files.isDirectory(root.resolve(name)));
  }

  /** The name of a brick, of which that may be a version. */
  public static String nameOf(String versionOrName) {
    int at = versionOrName.indexOf('@');
    return at < 0 ? versionOrName : versionOrName.substring(0, at);
  }

  private static int versionOf(String directory) {
    int at = directory.indexOf('@');
    return at < 0 ? 1 : Integer.parseInt(directory.substring(at + 1));
  }

  /** The newest version of a brick, from 1. */
  public int newest(String name) {
    requireBrick(name);
    Version newest = newest().get(nameOf(name));
    return newest == null ? 1 : newest.number;
  }

  /** The version that a name stands for, as {@code NAME@2}. */
  public String versioned(String name) {
    requireBrick(name);
    return name.indexOf('@') < 0 ? name + "@" + newest(name) : name;
  }

  private void requireBrick(String name) {
    if (!has(name)) {
      throw new UsageException("expected a brick among " + String.join(", ", names()) + ", got " + name);
    }
  }

  private Path place(String name, int version) {
    return root.resolve(version == 1 ? name : name + "@" + version);
  }

  private Path place(String name) {
    String version = versioned(name);
    return place(nameOf(version), versionOf(version));
  }

  /**
   * A brick in its newest version, or in the one that is named.
   *
   * @throws UsageException if there is none of that name
   * @throws FailureException as {@link BrickFiles#read}
   */
  public SavedBrick read(String name, Backbone backbone) {
    return BrickFiles.read(place(name), backbone);
  }

  /**
   * Adds a brick. What was there stays as it is.
   *
   * @throws UsageException if the name is taken or is none
   * @throws FailureException if it cannot be written
   */
  public void add(String name, SavedBrick brick, Backbone backbone) {
    requireName(name);
    if (has(name)) {
      throw new UsageException("expected a new name for a brick, got " + name + ", which is taken: choose another");
    }
    BrickFiles.write(root.resolve(name), brick, backbone);
  }

  private static void requireName(String name) {
    if (!NAMES.matcher(name).matches()) {
      throw new UsageException("expected a name of at most 100 letters, digits, dots, hyphens and underlines for a brick,"
          + " beginning with a letter or digit, got " + name);
    }
  }

  /**
   * Adds a brick, or the next version of the one of that name. What was there stays as it is.
   *
   * @param writer of its tensors; null for safetensors
   * @return the version, as {@code NAME@2}
   * @throws UsageException if that is no name
   * @throws FailureException if it cannot be written
   */
  public String addVersion(String name, SavedBrick brick, Backbone backbone, TensorFormat.@Nullable Writer writer) {
    requireName(name);
    int version = has(name) ? newest(name) + 1 : 1;
    if (writer == null) {
      BrickFiles.write(place(name, version), brick, backbone);
    } else {
      BrickFiles.write(place(name, version), brick, backbone, writer);
    }
    return name + "@" + version;
  }

  /**
   * Makes an older version of a brick the newest again, by adding it once more: its tensors to the byte, and a provenance
   * that names the version that came back and the one that went.
   *
   * @param to the version, from 1; null for the one before that which the name stands for, where versions that are
   *     themselves such copies count as what they are copies of
   * @return the version that was added, as {@code NAME@3}
   * @throws UsageException if there is no such version, or the newest is it already
   */
  public String rollBack(String name, @Nullable Integer to, Backbone backbone) {
    requireName(name);
    int newest = newest(name);
    int original = original(name, newest);
    if (to == null && original == 1) {
      throw new UsageException("expected a version before that which " + name + " stands for, and it is the first: name one"
          + " of 1 to " + newest + " with --to");
    }
    int wanted = to == null ? original - 1 : to;
    if (wanted < 1 || wanted >= newest || !Files.isDirectory(place(name, wanted))) {
      throw new UsageException("expected an older version of " + name + ", of 1 to " + (newest - 1) + ", got " + wanted);
    }
    Provenance provenance = BrickFiles.summary(place(name, wanted)).provenance();
    Provenance based = provenance.base().isEmpty()
        ? new Provenance(provenance.stream(), provenance.seed(), provenance.technique(), provenance.version(),
            provenance.parents(), backbone.digest(), provenance.learnedOn())
        : provenance;
    BrickFiles.copy(place(name, wanted), place(name, newest + 1),
        based.madeBy(ROLLBACK, name + "@" + wanted, name + "@" + newest));
    return name + "@" + (newest + 1);
  }

  /** The version that one is a copy of, or it itself. */
  private int original(String name, int version) {
    int at = version;
    while (true) {
      Provenance provenance = BrickFiles.summary(place(name, at)).provenance();
      List<String> parents = provenance.parents();
      if (!provenance.technique().equals(ROLLBACK) || parents.isEmpty() || !VERSIONS.matcher(parents.getFirst()).matches()
          || versionOf(parents.getFirst()) >= at) {
        return at;
      }
      at = versionOf(parents.getFirst());
    }
  }
}
