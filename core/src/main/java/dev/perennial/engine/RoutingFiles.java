package dev.perennial.engine;

import static dev.perennial.tensor.Dtype.F32;
import static dev.perennial.tensor.Dtype.F64;
import static dev.perennial.tensor.Dtype.I64;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.perennial.FailureException;
import dev.perennial.route.FeatureMeans;
import dev.perennial.route.SiteVectors;
import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.Safetensors;
import dev.perennial.tensor.SafetensorsFile;
import dev.perennial.tensor.TensorData;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What routers know of the bricks of a store's library, one safetensors file a router in the directory {@code routing}:
 * all vectors in few matrices, so that a thousand bricks are opened as one file.
 *
 * @param directory the store's
 * @param base the digest of the store's backbone
 */
record RoutingFiles(Path directory, String base) {

  private static final String KEY = "perennial";
  private static final String ROWS = ":bricks";
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * What lies beside the tensors.
   *
   * @param format of the file, 1
   * @param base the digest of the backbone
   * @param names of bricks
   * @param notes one for each name: the brick's stamp, or a class
   */
  private record Header(int format, String base, List<String> names, List<String> notes) {}

  /**
   * Vectors with a stamp of each brick that they were made of.
   *
   * @param stamps by the brick's name
   */
  record Stamped(SiteVectors vectors, SortedMap<String, String> stamps) {

    static final Stamped NONE = new Stamped(new SiteVectors(new TreeMap<>()), new TreeMap<>());
  }

  /** The vectors of that router; none where there is no file, or it is of another backbone. */
  Stamped vectors(String router) {
    Path path = file(router);
    if (Files.notExists(path)) {
      return Stamped.NONE;
    }
    try (SafetensorsFile file = Safetensors.open(path)) {
      Header header = header(file, path);
      if (!header.base.equals(base)) {
        return Stamped.NONE;
      }
      var byBrick = new TreeMap<String, Map<String, float[]>>();
      var stamps = new TreeMap<String, String>();
      for (int i = 0; i < header.names.size(); i++) {
        byBrick.put(header.names.get(i), new HashMap<>());
        stamps.put(header.names.get(i), header.notes.get(i));
      }
      for (String site : file.names()) {
        if (site.endsWith(ROWS)) {
          continue;
        }
        long[] rows = tensor(file, path, site + ROWS, I64, 1).longs();
        TensorData matrix = tensor(file, path, site, F32, 2);
        if (matrix.shape().getFirst() != rows.length) {
          throw damaged(path, "as many bricks as vectors at " + site, matrix.toString(), null);
        }
        float[] flat = matrix.floats();
        int width = rows.length == 0 ? 0 : flat.length / rows.length;
        for (int i = 0; i < rows.length; i++) {
          if (rows[i] < 0 || rows[i] >= header.names.size()) {
            throw damaged(path, "bricks below " + header.names.size() + " at " + site, "" + rows[i], null);
          }
          Objects.requireNonNull(byBrick.get(header.names.get((int) rows[i])))
              .put(site, Arrays.copyOfRange(flat, i * width, (i + 1) * width));
        }
      }
      return new Stamped(new SiteVectors(byBrick), stamps);
    }
  }

  /** Writes the vectors of that router in the place of those before. */
  void write(String router, Stamped stamped) {
    List<String> names = stamped.vectors.bricks();
    var rows = new TreeMap<String, List<Integer>>();
    for (int i = 0; i < names.size(); i++) {
      for (String site : vectorsOf(stamped, names.get(i)).keySet()) {
        rows.computeIfAbsent(site, name -> new ArrayList<>()).add(i);
      }
    }
    var tensors = new TreeMap<String, TensorData>();
    rows.forEach((site, bricks) -> {
      int width = Objects.requireNonNull(vectorsOf(stamped, names.get(bricks.getFirst())).get(site)).length;
      float[] flat = new float[bricks.size() * width];
      for (int i = 0; i < bricks.size(); i++) {
        float[] vector = Objects.requireNonNull(vectorsOf(stamped, names.get(bricks.get(i))).get(site));
        System.arraycopy(vector, 0, flat, i * width, width);
      }
      tensors.put(site, TensorData.of(flat, bricks.size(), width));
      tensors.put(site + ROWS, TensorData.of(bricks.stream().mapToLong(Integer::longValue).toArray(), bricks.size()));
    });
    write(router, tensors,
        new Header(1, base, names, names.stream().map(name -> stamped.stamps.getOrDefault(name, "")).toList()));
  }

  private static Map<String, float[]> vectorsOf(Stamped stamped, String brick) {
    return stamped.vectors.byBrick().getOrDefault(brick, Map.of());
  }

  /**
   * Tensors for several bricks together.
   *
   * @param names of bricks
   * @param notes one for each name: the brick's stamp, or a class
   * @param tensors by name
   */
  record Learned(List<String> names, List<String> notes, Map<String, TensorData> tensors) {

    static final Learned NONE = new Learned(List.of(), List.of(), Map.of());
  }

  /** What was learned under that name; nothing where there is no file, or it is of another backbone. */
  Learned learned(String router) {
    Path path = file(router);
    if (Files.notExists(path)) {
      return Learned.NONE;
    }
    try (SafetensorsFile file = Safetensors.open(path)) {
      Header header = header(file, path);
      if (!header.base.equals(base)) {
        return Learned.NONE;
      }
      var tensors = new TreeMap<String, TensorData>();
      for (String name : file.names()) {
        TensorData data = file.tensor(name);
        tensors.put(name, TensorData.ofBytes(data.dtype(), data.data().toArray(ValueLayout.JAVA_BYTE),
            data.shape().stream().mapToLong(Long::longValue).toArray()));
      }
      return new Learned(header.names, header.notes, tensors);
    }
  }

  /** Writes what was learned in the place of what was before. */
  void write(String router, Learned learned) {
    write(router, learned.tensors, new Header(1, base, learned.names, learned.notes));
  }

  /** The sums of features; none where there is no file, or it is of another backbone. */
  FeatureMeans means(String router) {
    Path path = file(router);
    if (Files.notExists(path)) {
      return FeatureMeans.NONE;
    }
    try (SafetensorsFile file = Safetensors.open(path)) {
      Header header = header(file, path);
      if (!header.base.equals(base)) {
        return FeatureMeans.NONE;
      }
      long[] counts = tensor(file, path, "counts", I64, 1).longs();
      TensorData matrix = tensor(file, path, "sums", F64, 2);
      if (counts.length != header.names.size() || matrix.shape().getFirst() != counts.length) {
        throw damaged(path, header.names.size() + " sums", counts.length + " counts and " + matrix, null);
      }
      double[] flat = matrix.doubles();
      int width = counts.length == 0 ? 0 : flat.length / counts.length;
      var byBrick = new TreeMap<String, SortedMap<String, FeatureMeans.Sum>>();
      for (int i = 0; i < counts.length; i++) {
        List<Double> sum = Arrays.stream(flat, i * width, (i + 1) * width).boxed().toList();
        byBrick.computeIfAbsent(header.names.get(i), name -> new TreeMap<>())
            .put(header.notes.get(i), new FeatureMeans.Sum(sum, counts[i]));
      }
      return new FeatureMeans(byBrick);
    }
  }

  /** Writes sums of features in the place of those before. */
  void write(String router, FeatureMeans means) {
    var names = new ArrayList<String>();
    var labels = new ArrayList<String>();
    var sums = new ArrayList<FeatureMeans.Sum>();
    means.byBrick().forEach((brick, classes) -> classes.forEach((label, sum) -> {
      names.add(brick);
      labels.add(label);
      sums.add(sum);
    }));
    int width = sums.isEmpty() ? 0 : sums.getFirst().features().size();
    double[] flat = sums.stream().flatMap(sum -> sum.features().stream()).mapToDouble(Double::doubleValue).toArray();
    long[] counts = sums.stream().mapToLong(FeatureMeans.Sum::count).toArray();
    write(router, Map.of("sums", TensorData.of(flat, counts.length, width),
        "counts", TensorData.of(counts, counts.length)), new Header(1, base, names, labels));
  }

  private Path file(String router) {
    return directory.resolve("routing").resolve(router + ".safetensors");
  }

  private void write(String router, Map<String, TensorData> tensors, Header header) {
    Path path = file(router);
    try {
      Files.createDirectories(directory.resolve("routing"));
      Safetensors.write(path, tensors, Map.of(KEY, JSON.writeValueAsString(header)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a header is texts", e);
    } catch (IOException e) {
      throw new FailureException("cannot write " + path + ": " + e.getMessage() + "; check the place and its space", e);
    }
  }

  private static Header header(SafetensorsFile file, Path path) {
    try {
      Header header = JSON.readValue(file.metadata().getOrDefault(KEY, "null"), Header.class);
      if (header != null && header.format == 1 && header.base != null && header.names != null && header.notes != null
          && header.names.size() == header.notes.size() && !header.names.contains(null) && !header.notes.contains(null)) {
        return header;
      }
      throw damaged(path, "names of bricks in its metadata", String.valueOf(file.metadata().get(KEY)), null);
    } catch (JsonProcessingException e) {
      throw damaged(path, "names of bricks in its metadata", e.getOriginalMessage(), e);
    }
  }

  private static TensorData tensor(SafetensorsFile file, Path path, String name, Dtype dtype, int dimensions) {
    TensorData data = file.tensor(name);
    if (data.dtype() != dtype || data.shape().size() != dimensions) {
      throw damaged(path, name + " of " + dtype + " with " + dimensions + " dimensions", data.toString(), null);
    }
    return data;
  }

  private static FailureException damaged(
      Path path, String expected, String found, @Nullable Throwable cause) {
    String message = "expected " + expected + " in " + path + ", found "
        + (found.length() > 80 ? found.substring(0, 80) + "…" : found) + ": the file is damaged; remove it, and let it be"
        + " made anew";
    return cause == null ? new FailureException(message) : new FailureException(message, cause);
  }
}
