package dev.perennial.brick;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * A directory of bricks by name, each a directory as {@link BrickFiles} writes it.
 *
 * <p>A brick appears whole or not at all, and does not change afterwards: a name that is taken stays taken.
 */
public final class Library {

  private static final Pattern NAMES = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");

  private final Path root;

  /** @param root where the bricks are; made when the first is added */
  public Library(Path root) {
    this.root = root;
  }

  /** The names, in alphabetical order. O(bricks). */
  public List<String> names() {
    return List.copyOf(stamps().keySet());
  }

  /**
   * For each brick, by name, a text that it keeps as long as it is there, and that another one that takes its place does
   * not have: the time at which it was written. O(bricks); one look at the directory of each.
   */
  public SortedMap<String, String> stamps() {
    var stamps = new TreeMap<String, String>();
    if (Files.isDirectory(root)) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(root)) {
        for (Path entry : entries) {
          String name = entry.getFileName().toString();
          if (NAMES.matcher(name).matches()) {
            var attributes = Files.readAttributes(entry, BasicFileAttributes.class);
            if (attributes.isDirectory()) {
              stamps.put(name, attributes.lastModifiedTime().toInstant().toString());
            }
          }
        }
      } catch (IOException e) {
        throw new FailureException("cannot read the library " + root + ": " + e.getMessage(), e);
      }
    }
    return stamps;
  }

  /**
   * What each brick is, without a backbone, by name. O(bricks); tensors are not read, and files only of bricks that are
   * new since it was last asked.
   */
  public SortedMap<String, BrickFiles.Summary> summaries() {
    return new LibraryIndex(root).summaries(stamps());
  }

  /** Whether there is a brick of that name. */
  public boolean has(String name) {
    return NAMES.matcher(name).matches() && Files.isDirectory(root.resolve(name));
  }

  /**
   * A brick.
   *
   * @throws UsageException if there is none of that name
   * @throws FailureException as {@link BrickFiles#read}
   */
  public SavedBrick read(String name, Backbone backbone) {
    requireThere(name);
    return BrickFiles.read(root.resolve(name), backbone);
  }

  private void requireThere(String name) {
    if (!has(name)) {
      throw new UsageException("expected a brick among " + String.join(", ", names()) + ", got " + name);
    }
  }

  /**
   * Adds a brick. What was there stays as it is.
   *
   * @throws UsageException if the name is taken or is none
   * @throws FailureException if it cannot be written
   */
  public void add(String name, SavedBrick brick, Backbone backbone) {
    if (!NAMES.matcher(name).matches()) {
      throw new UsageException("expected a name of at most 100 letters, digits, dots, hyphens and underlines for a brick,"
          + " beginning with a letter or digit, got " + name);
    }
    if (has(name)) {
      throw new UsageException("expected a new name for a brick, got " + name + ", which is taken: choose another");
    }
    BrickFiles.write(root.resolve(name), brick, backbone);
  }
}
