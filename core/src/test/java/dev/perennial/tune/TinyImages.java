package dev.perennial.tune;

import dev.perennial.budget.Budget;
import dev.perennial.engine.DataSpec;
import dev.perennial.engine.RunSpec;
import dev.perennial.stream.Scenario;
import dev.perennial.tensor.CounterRandom;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import java.util.function.IntUnaryOperator;

/** Six classes of noisy 6 x 6 images, as a directory of IDX files: 20 a class to learn, or more, and 6 to test on. */
public final class TinyImages {

  private static final int CLASSES = 6;
  private static final int SIDE = 6;

  private TinyImages() {}

  /** Writes the files with true labels. */
  public static Path write(Path directory) throws IOException {
    return write(directory, 20, label -> label);
  }

  /** Writes the files with so many rows of a class to learn, and other labels of the test images. */
  static Path write(Path directory, int each, IntUnaryOperator testLabel) throws IOException {
    Files.createDirectories(directory);
    part(directory, "train", each, label -> label);
    part(directory, "t10k", 6, testLabel);
    return directory;
  }

  private static void part(Path directory, String prefix, int each, IntUnaryOperator label) throws IOException {
    int count = CLASSES * each;
    var images = ByteBuffer.allocate(16 + count * SIDE * SIDE).putInt(0x803).putInt(count).putInt(SIDE).putInt(SIDE);
    var labels = ByteBuffer.allocate(8 + count).putInt(0x801).putInt(count);
    var noise = CounterRandom.of(5, each);
    for (int i = 0; i < count; i++) {
      int known = i % CLASSES;
      for (int pixel = 0; pixel < SIDE * SIDE; pixel++) {
        int bright = pixel / SIDE == known ? 120 : 0;
        images.put((byte) (bright + noise.below((long) i * SIDE * SIDE + pixel, 130)));
      }
      labels.put((byte) label.applyAsInt(known));
    }
    Files.write(directory.resolve(prefix + "-images-idx3-ubyte"), images.array());
    Files.write(directory.resolve(prefix + "-labels-idx1-ubyte"), labels.array());
  }

  /** A run over the images in three experiences. */
  static RunSpec spec(Path directory) {
    var data = new DataSpec(List.of(directory.toString()), null, null, null, null, null, List.of(), 0, 0, 0, false);
    return new RunSpec(data, Scenario.CLASS_INCREMENTAL, 3, RunSpec.DEFAULT_TECHNIQUE, new TreeMap<>(), "", "cpu",
        Budget.UNLIMITED, 1, 1);
  }
}
