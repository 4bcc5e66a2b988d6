package dev.perennial.tensor;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.SortedMap;

/**
 * A file format of named tensors beside {@link Safetensors}, found through
 * {@code META-INF/services/dev.perennial.tensor.TensorFormat}: backbones and bricks are read from such files too.
 */
public interface TensorFormat {

  /** What such a file's name ends with, after a dot. */
  String suffix();

  /**
   * What a file tells without its tensors.
   *
   * @throws dev.perennial.FailureException if it is damaged
   */
  Header header(Path file);

  /**
   * The tensors of a file.
   *
   * @param most bytes of the file to load; {@link Long#MAX_VALUE} for all
   * @throws dev.perennial.UsageException if so few bytes cannot be loaded
   * @throws dev.perennial.FailureException if it is damaged
   */
  SortedMap<String, TensorData> read(Path file, long most);

  /** Writes the same tensors, to the byte, into a new file with other metadata. */
  void copy(Path from, Path to, Map<String, String> metadata);

  /**
   * What a file tells of its tensors.
   *
   * @param shapes by name
   * @param metadata free texts
   */
  record Header(SortedMap<String, List<Long>> shapes, SortedMap<String, String> metadata) {}

  /** Writes tensors into a file of such a format. */
  interface Writer {

    /** What such a file's name ends with, after a dot. */
    String suffix();

    /**
     * Writes a file, synced and renamed into place.
     *
     * @param tensors all that it is to hold
     * @param metadata free texts
     * @throws dev.perennial.FailureException if it cannot be written
     */
    void write(Path file, Map<String, TensorData> tensors, Map<String, String> metadata);
  }

  /** A file of such a format. */
  record Found(TensorFormat format, Path file) {}

  /** The file {@code stem.SUFFIX} in a directory, if there is one of any format. */
  static Optional<Found> find(Path directory, String stem) {
    for (TensorFormat format : ServiceLoader.load(TensorFormat.class)) {
      Path file = directory.resolve(stem + "." + format.suffix());
      if (Files.exists(file)) {
        return Optional.of(new Found(format, file));
      }
    }
    return Optional.empty();
  }
}
