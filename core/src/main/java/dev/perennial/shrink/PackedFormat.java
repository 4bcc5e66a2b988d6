package dev.perennial.shrink;

import dev.perennial.FailureException;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorFormat;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** The format of files of tensors made small: {@code NAME.packed}. */
public final class PackedFormat implements TensorFormat {

  /** What such a file's name ends with. */
  public static final String SUFFIX = "packed";

  @Override
  public String suffix() {
    return SUFFIX;
  }

  @Override
  public Header header(Path file) {
    PackedHeader header = PackedFile.header(file);
    var shapes = new TreeMap<String, List<Long>>();
    header.tensors().forEach(tensor -> shapes.put(tensor.name(), tensor.shape()));
    return new Header(shapes, new TreeMap<>(header.metadata()));
  }

  @Override
  public SortedMap<String, TensorData> read(Path file, long most) {
    var tensors = new TreeMap<String, TensorData>();
    PackedFile.read(file, most).packed().tensors().forEach((name, tensor) -> {
      try {
        tensors.put(name, tensor.decode());
      } catch (IllegalArgumentException e) {
        throw new FailureException(file + ": tensor " + name + ": " + e.getMessage(), e);
      }
    });
    return tensors;
  }

  @Override
  public void copy(Path from, Path to, Map<String, String> metadata) {
    PackedFile.write(to, PackedFile.read(from, Long.MAX_VALUE).packed(), metadata);
  }
}
