package dev.perennial.bench.suite;

import dev.perennial.UsageException;
import dev.perennial.budget.Budget;
import dev.perennial.engine.RunSpec;
import dev.perennial.learn.Techniques;
import dev.perennial.tensor.Device;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Fashion-MNIST, and the stream of it that most published loops are measured on. */
public final class FashionMnist {

  /** Where Debian's package dataset-fashion-mnist puts it. */
  private static final Path DEBIAN = Path.of("/usr/share/datasets/fashion-mnist");

  private FashionMnist() {}

  /**
   * The directory of its four IDX files.
   *
   * @param name what it is for, for the message
   * @param data where a user says it is; null for where Debian's package puts it
   * @return an absolute path
   * @throws UsageException if there is no such directory
   */
  public static Path directory(String name, @Nullable Path data) {
    Path directory = data == null ? DEBIAN : data;
    if (!Files.isDirectory(directory)) {
      throw new UsageException("expected Fashion-MNIST's four IDX files for " + name + " in " + directory
          + ", which is no directory: install Debian's package dataset-fashion-mnist, or name another with --data DIR");
    }
    return directory.toAbsolutePath().normalize();
  }

  /**
   * A run over the images of a directory as {@code bench suite split-fashion-mnist} makes it: 5 experiences of 2
   * classes each in the order of their numbers, a network of two hidden layers of 256, plain gradient descent at a rate
   * of 0.05 in batches of 32, 1 epoch, seed 1.
   *
   * @param more options beside these, by name, of which a technique takes those that it has
   * @throws UsageException if there is no technique of that name, or a value does not fit
   */
  public static RunSpec split(Path directory, String technique, Map<String, String> more, int threads) {
    Setting setting = Setting.splitImages(DataOptions.SPLIT, directory.toString());
    var usual = new TreeMap<>(setting.options());
    usual.putAll(more);
    var options = new AskedOptions(usual, Map.of(), Map.of()).of(Techniques.load(), List.of(technique));
    return new RunSpec(setting.data(), setting.scenario(), setting.tasks(), technique,
        options.getOrDefault(technique, new TreeMap<>()), setting.backbone(), Device.CPU.name(), Budget.UNLIMITED, 1, threads);
  }
}
