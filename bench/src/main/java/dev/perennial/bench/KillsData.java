package dev.perennial.bench;

import dev.perennial.engine.DataSpec;
import dev.perennial.engine.RunSpec;
import dev.perennial.tensor.CounterRandom;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** What is learned while it is killed again and again: eight classes of noisy 8 x 8 images, and a memory of the past. */
final class KillsData {

  private static final int CLASSES = 8;
  private static final int SIDE = 8;
  private static final int TASKS = 4;
  private static final int LEARNED = 40;
  private static final int TESTED = 5;

  private KillsData() {}

  /** Writes the four files. */
  static void write(Path directory) throws IOException {
    Files.createDirectories(directory);
    part(directory, "train", LEARNED);
    part(directory, "t10k", TESTED);
  }

  /** The run over them: replay, which keeps parameters, an optimiser, a memory and random numbers. */
  static RunSpec spec(Path directory) {
    RunSpec spec = RunSpec.of(DataSpec.images(directory.toString()), TASKS).withTechnique("replay").withThreads(1);
    for (var option : Map.of("epochs", "3", "batch", "10").entrySet()) {
      spec = spec.withOption(option.getKey(), option.getValue());
    }
    return spec;
  }

  private static void part(Path directory, String prefix, int each) throws IOException {
    int count = CLASSES * each;
    var images = ByteBuffer.allocate(16 + count * SIDE * SIDE).putInt(0x803).putInt(count).putInt(SIDE).putInt(SIDE);
    var labels = ByteBuffer.allocate(8 + count).putInt(0x801).putInt(count);
    var noise = CounterRandom.of(5, each);
    for (int i = 0; i < count; i++) {
      int label = i % CLASSES;
      for (int pixel = 0; pixel < SIDE * SIDE; pixel++) {
        int bright = pixel / SIDE == label ? 120 : 0;
        images.put((byte) (bright + noise.below((long) i * SIDE * SIDE + pixel, 130)));
      }
      labels.put((byte) label);
    }
    Files.write(directory.resolve(prefix + "-images-idx3-ubyte"), images.array());
    Files.write(directory.resolve(prefix + "-labels-idx1-ubyte"), labels.array());
  }
}
