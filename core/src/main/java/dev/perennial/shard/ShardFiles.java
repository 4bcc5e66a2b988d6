package dev.perennial.shard;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.shard.Shard.Piece;
import dev.perennial.shard.Shard.Spread;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.Safetensors;
import dev.perennial.tensor.SafetensorsFile;
import dev.perennial.tensor.TensorData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A universal checkpoint as files: a directory with {@code shard-0-of-4.safetensors} and so on, which four workers write
 * without waiting for each other, and any number of workers opens.
 *
 * <p>A file's tensors are the worker's pieces, called {@code PART/TENSOR}; its metadata say {@code perennial.shard}, the
 * format, 1, and {@code perennial.layout}, JSON that says which shard it is, the digest of the whole state, and each
 * tensor's spread, type and shape. The checkpoint is whole when all its shards are there: their digest tells shards of
 * different moments apart.
 */
public final class ShardFiles {

  /** The newest layout that this program knows. */
  static final int FORMAT = 1;

  private static final String FORMAT_KEY = "perennial.shard";
  private static final String LAYOUT_KEY = "perennial.layout";
  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private ShardFiles() {}

  private record TensorLayout(Spread spread, Dtype dtype, List<Long> shape) {}

  private record PartLayout(String name, Combine combine, Map<String, TensorLayout> tensors) {
    private PartLayout {
      tensors = Collections.unmodifiableMap(new TreeMap<>(tensors));
    }
  }

  private record Layout(int index, int count, String whole, List<PartLayout> parts) {
    private Layout {
      parts = List.copyOf(parts);
    }
  }

  /** Shards that were read, as views of the mapped files, which closing this unmaps. */
  public static final class Opened implements AutoCloseable {
    private final List<SafetensorsFile> files = new ArrayList<>();
    private final List<Shard> shards = new ArrayList<>();

    private Opened() {}

    /** All of them. */
    public List<Shard> shards() {
      return List.copyOf(shards);
    }

    @Override
    public void close() {
      files.forEach(SafetensorsFile::close);
    }
  }

  /** What the file of a shard is called. */
  public static String name(int index, int count) {
    return "shard-" + index + "-of-" + count + ".safetensors";
  }

  /**
   * Writes one shard, synced and then renamed into place.
   *
   * @param directory made if it is not there
   * @throws FailureException if it cannot be written
   */
  public static void write(Path directory, Shard shard) {
    var tensors = new HashMap<String, TensorData>();
    var parts = new ArrayList<PartLayout>();
    for (Shard.Part part : shard.parts()) {
      var layouts = new TreeMap<String, TensorLayout>();
      part.pieces().forEach((name, piece) -> {
        tensors.put(part.name() + "/" + name, piece.data());
        layouts.put(name, new TensorLayout(piece.spread(), piece.dtype(), piece.shape()));
      });
      parts.add(new PartLayout(part.name(), part.combine(), layouts));
    }
    try {
      Files.createDirectories(directory);
      String layout = JSON.writeValueAsString(new Layout(shard.index(), shard.count(), shard.whole(), parts));
      Safetensors.write(directory.resolve(name(shard.index(), shard.count())), tensors,
          Map.of(FORMAT_KEY, Integer.toString(FORMAT), LAYOUT_KEY, layout));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a shard's layout is made of texts and numbers", e);
    } catch (IOException e) {
      throw new FailureException("cannot make the directory " + directory + " (" + e.getMessage()
          + "): check the place, its space and permissions", e);
    }
  }

  /**
   * Opens the shards of the one checkpoint in a directory.
   *
   * @throws UsageException if there is none
   * @throws FailureException if a file is damaged or of a newer format, naming it; whether the shards fit together is
   *     told by {@link Shards#unite}
   */
  public static Opened open(Path directory) {
    var paths = new ArrayList<Path>();
    if (Files.isDirectory(directory)) {
      try (var listed = Files.newDirectoryStream(directory, "shard-*-of-*.safetensors")) {
        listed.forEach(paths::add);
      } catch (IOException e) {
        throw new FailureException("cannot read the directory " + directory + " (" + e.getMessage() + ")", e);
      }
    }
    if (paths.isEmpty()) {
      throw new UsageException("expected shards of a checkpoint in " + directory + ", there are none: check the path");
    }
    Collections.sort(paths);
    var opened = new Opened();
    boolean whole = false;
    try {
      for (Path path : paths) {
        SafetensorsFile file = Safetensors.open(path);
        opened.files.add(file);
        opened.shards.add(shard(path, file));
      }
      whole = true;
      return opened;
    } finally {
      if (!whole) {
        opened.close();
      }
    }
  }

  private static Shard shard(Path path, SafetensorsFile file) {
    Map<String, String> metadata = file.metadata();
    String format = metadata.getOrDefault(FORMAT_KEY, "none");
    if (!format.matches("[1-9][0-9]{0,8}")) {
      throw damaged(path, "expected the format of a shard in its metadata, found " + format);
    }
    if (Integer.parseInt(format) > FORMAT) {
      throw new FailureException("the shard " + path + " has format " + format + ", this program reads up to format "
          + FORMAT + ": use a newer Perennial");
    }
    try {
      Layout layout = JSON.readValue(metadata.getOrDefault(LAYOUT_KEY, ""), Layout.class);
      var parts = new ArrayList<Shard.Part>();
      for (PartLayout part : layout.parts()) {
        var pieces = new TreeMap<String, Piece>();
        part.tensors().forEach((name, tensor) -> pieces.put(name, piece(path, file, part.name() + "/" + name, tensor)));
        parts.add(new Shard.Part(part.name(), part.combine(), pieces));
      }
      if (layout.count() < 1 || layout.count() > Shards.MOST) {
        throw damaged(path, "it is one of " + layout.count() + " shards");
      }
      return new Shard(layout.index(), layout.count(), layout.whole(), parts);
    } catch (JsonProcessingException | NullPointerException | IllegalArgumentException e) {
      throw damaged(path, "its layout is not what a shard's writer writes");
    }
  }

  private static Piece piece(Path path, SafetensorsFile file, String name, TensorLayout layout) {
    TensorData data = file.tensor(name);
    boolean fits = layout.spread() == Spread.PARTIAL
        ? data.dtype() == layout.dtype() && data.shape().equals(layout.shape())
        : data.dtype() == Dtype.U8 && data.data().byteSize() <= TensorData.byteSize(layout.dtype(), layout.shape());
    if (!fits) {
      throw damaged(path, "the piece " + data + " of " + name + " does not fit a tensor " + layout.dtype()
          + layout.shape());
    }
    return new Piece(layout.spread(), layout.dtype(), layout.shape(), data);
  }

  private static FailureException damaged(Path path, String problem) {
    return new FailureException("the shard " + path + " is damaged: " + problem + "; put a copy of it back");
  }
}
