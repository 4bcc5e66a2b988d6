package dev.perennial.store;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;

/**
 * The system's disk, with a model beside it of what is on the medium for sure and what is not: after every operation it
 * keeps an image, from which the files can be made that a loss of power at that moment may leave behind.
 *
 * <p>Bytes are sure once their file was synced, and entries of a directory once the directory was. Anything may become of
 * all else. The database's files are taken as they are at that moment: what SQLite does to them is another test's matter.
 */
final class RecordingDisk implements Disk {

  /** What a loss of power does to all that was not synced. */
  enum Loss {
    /** Nothing: the process was killed, the machine was not. */
    NONE,
    /** All of it is gone, bytes and entries. */
    LOST,
    /** The last write is there up to some multiple of 512 bytes, all before it in full. */
    TORN,
    /** Some sectors of 512 bytes are there and others are not, in no order; where they are not, there are zeros. */
    REORDERED,
    /** The lengths are there, and in place of some sectors something else. */
    GARBAGE,
    /** All bytes are there, some new, renamed and deleted entries are not. */
    ENTRIES
  }

  private static final int SECTOR = 512;

  private record Write(long at, byte[] bytes) {}

  /** A file whatever it is called. */
  private static final class Content {
    byte[] sure = new byte[0];
    List<Write> unsure = new ArrayList<>();

    Content copy() {
      var copy = new Content();
      copy.sure = sure;
      copy.unsure = new ArrayList<>(unsure);
      return copy;
    }
  }

  private sealed interface Change {
    record Made(String path, int content) implements Change {}

    record Renamed(String from, String to) implements Change {}

    record Deleted(String path) implements Change {}
  }

  /** All that may be on the medium at one moment. */
  static final class Image {
    final String after;
    private final Map<Integer, Content> contents = new HashMap<>();
    private final Map<String, Integer> entries;
    private final List<Change> changes;
    private final Map<String, byte[]> database = new TreeMap<>();

    private Image(String after, RecordingDisk disk) throws IOException {
      this.after = after;
      disk.contents.forEach((id, content) -> contents.put(id, content.copy()));
      entries = new TreeMap<>(disk.entries);
      changes = new ArrayList<>(disk.changes);
      for (String name : List.of("perennial.db", "perennial.db-wal")) {
        if (Files.exists(disk.root.resolve(name))) {
          database.put(name, Files.readAllBytes(disk.root.resolve(name)));
        }
      }
    }

    byte[] database(String name) {
      return database.getOrDefault(name, new byte[0]);
    }

    /** Makes the store's directory as it may be found afterwards. */
    void write(Path directory, Loss loss, Random random) throws IOException {
      Files.createDirectories(directory.resolve("blobs"));
      var found = new TreeMap<>(entries);
      for (Change change : changes) {
        if (loss != Loss.LOST && (loss != Loss.ENTRIES || random.nextBoolean())) {
          apply(change, found);
        }
      }
      for (var entry : found.entrySet()) {
        Files.write(directory.resolve(entry.getKey()), bytes(Objects.requireNonNull(contents.get(entry.getValue())), loss, random));
      }
      for (var file : database.entrySet()) {
        Files.write(directory.resolve(file.getKey()), file.getValue());
      }
    }

    private static byte[] bytes(Content content, Loss loss, Random random) {
      byte[] bytes = content.sure;
      if (loss == Loss.LOST) {
        return bytes;
      }
      for (int i = 0; i < content.unsure.size(); i++) {
        Write write = content.unsure.get(i);
        bytes = Arrays.copyOf(bytes, (int) Math.max(bytes.length, write.at + write.bytes.length));
        for (int from = 0; from < write.bytes.length; from += SECTOR) {
          int length = Math.min(SECTOR, write.bytes.length - from);
          boolean there = switch (loss) {
            case REORDERED, GARBAGE -> random.nextBoolean();
            case TORN -> i + 1 < content.unsure.size() || from < tear(write, random);
            default -> true;
          };
          if (there) {
            System.arraycopy(write.bytes, from, bytes, (int) write.at + from, length);
          } else if (loss == Loss.GARBAGE) {
            var garbage = new byte[length];
            random.nextBytes(garbage);
            System.arraycopy(garbage, 0, bytes, (int) write.at + from, length);
          } else if (loss == Loss.TORN) {
            return Arrays.copyOf(bytes, (int) write.at + from);
          }
        }
      }
      return bytes;
    }

    private static int tear(Write write, Random random) {
      return random.nextInt(write.bytes.length / SECTOR + 1) * SECTOR;
    }

    private static void apply(Change change, Map<String, Integer> entries) {
      switch (change) {
        case Change.Made made -> entries.put(made.path, made.content);
        case Change.Deleted deleted -> entries.remove(deleted.path);
        case Change.Renamed renamed -> {
          Integer content = entries.remove(renamed.from);
          if (content != null) {
            entries.put(renamed.to, content);
          }
        }
      }
    }
  }

  private final SystemDisk disk = new SystemDisk();
  private final Path root;
  private final Map<Integer, Content> contents = new HashMap<>();
  private final Map<FileChannel, Integer> open = new HashMap<>();
  private final Map<String, Integer> current = new HashMap<>();
  private final Map<String, Integer> entries = new HashMap<>();
  private final List<Change> changes = new ArrayList<>();
  private final List<Image> images = new ArrayList<>();

  /** A disk whose store lies in {@code root}; what is there already is sure. */
  RecordingDisk(Path root) throws IOException {
    this.root = root;
    try (var files = Files.walk(root)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String path = root.relativize(file).toString();
        if (!path.startsWith("perennial.db")) {
          var content = new Content();
          content.sure = Files.readAllBytes(file);
          entries.put(path, contents.size());
          current.put(path, contents.size());
          contents.put(contents.size(), content);
        }
      }
    }
    done("the beginning");
  }

  /** One for the beginning and one for each operation. */
  List<Image> images() {
    return images;
  }

  private void done(String operation) throws IOException {
    images.add(new Image(operation, this));
  }

  private String name(Path file) {
    return root.relativize(file).toString();
  }

  private FileChannel made(Path file, FileChannel channel, boolean empty) throws IOException {
    String path = name(file);
    Integer id = current.get(path);
    if (id == null || empty) {
      id = contents.size();
      contents.put(id, new Content());
      current.put(path, id);
      changes.add(new Change.Made(path, id));
    }
    open.put(channel, id);
    done("opening " + path);
    return channel;
  }

  @Override
  public FileChannel create(Path file) throws IOException {
    return made(file, disk.create(file), true);
  }

  @Override
  public FileChannel update(Path file) throws IOException {
    return made(file, disk.update(file), false);
  }

  @Override
  public FileChannel direct(Path file) throws IOException {
    return made(file, disk.direct(file), false);
  }

  /** So small that tests write large files. */
  @Override
  public long large() {
    return 1;
  }

  @Override
  public InputStream read(Path file) throws IOException {
    return disk.read(file);
  }

  @Override
  public String fileSystem(Path directory) throws IOException {
    return disk.fileSystem(directory);
  }

  private Content content(FileChannel file) {
    Content content = contents.get(open.get(file));
    if (content == null) {
      throw new IllegalStateException("a channel of another disk");
    }
    return content;
  }

  @Override
  public void write(FileChannel file, ByteBuffer bytes) throws IOException {
    var copy = new byte[bytes.remaining()];
    bytes.duplicate().get(copy);
    content(file).unsure.add(new Write(file.position(), copy));
    disk.write(file, bytes);
    done("a write of " + copy.length + " bytes");
  }

  @Override
  public void sync(FileChannel file) throws IOException {
    disk.sync(file);
    Content content = content(file);
    content.sure = Image.bytes(content, Loss.NONE, new Random(0));
    content.unsure = new ArrayList<>();
    done("a sync");
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    disk.rename(from, to);
    changes.add(new Change.Renamed(name(from), name(to)));
    Integer id = current.remove(name(from));
    if (id != null) {
      current.put(name(to), id);
    }
    done("a rename");
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    disk.syncDirectory(directory);
    String within = name(directory);
    var left = new ArrayList<Change>();
    for (Change change : changes) {
      String path = switch (change) {
        case Change.Made made -> made.path;
        case Change.Renamed renamed -> renamed.to;
        case Change.Deleted deleted -> deleted.path;
      };
      if (path.startsWith(within) == !within.isEmpty()) {
        Image.apply(change, entries);
      } else {
        left.add(change);
      }
    }
    changes.clear();
    changes.addAll(left);
    done("a sync of the directory");
  }

  @Override
  public void delete(Path file) throws IOException {
    disk.delete(file);
    changes.add(new Change.Deleted(name(file)));
    current.remove(name(file));
    done("a delete");
  }

  @Override
  public void commit(Connection database) throws SQLException {
    disk.commit(database);
    try {
      done("a transaction");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
