package dev.perennial.bench.suite;

import dev.perennial.tensor.CounterRandom;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** IDX files of images of 4 x 4 in 10 classes: bright in a place of the class's own, with some noise. */
final class TinyImages {

  static final int CLASSES = 10;
  private static final int SIDE = 4;

  private TinyImages() {}

  /** Writes so many images of each class to learn, and half as many to test on. */
  static Path write(Path directory, int perClass) throws IOException {
    Files.createDirectories(directory);
    part(directory, "train", perClass);
    part(directory, "t10k", perClass / 2);
    return directory;
  }

  private static void part(Path directory, String prefix, int perClass) throws IOException {
    var random = CounterRandom.of(5, prefix.length());
    int count = perClass * CLASSES;
    try (var images = new DataOutputStream(Files.newOutputStream(directory.resolve(prefix + "-images-idx3-ubyte")));
        var labels = new DataOutputStream(Files.newOutputStream(directory.resolve(prefix + "-labels-idx1-ubyte")))) {
      images.writeInt(0x803);
      images.writeInt(count);
      images.writeInt(SIDE);
      images.writeInt(SIDE);
      labels.writeInt(0x801);
      labels.writeInt(count);
      for (int i = 0; i < count; i++) {
        int label = i % CLASSES;
        for (int place = 0; place < SIDE * SIDE; place++) {
          int noise = (int) (120 * random.uniform((long) i * SIDE * SIDE + place));
          images.writeByte(noise + (place == label ? 70 : 0));
        }
        labels.writeByte(label);
      }
    }
  }
}
