package dev.perennial.bench.suite;

import dev.perennial.tensor.CounterRandom;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.IntBinaryOperator;

/** IDX files of tiny images in 10 classes, each bright in a place of its own, with some noise. */
public final class TinyImages {

  static final int CLASSES = 10;

  private TinyImages() {}

  /** Images of 4 x 4 that differ in one sample: so many of each class to learn, and half as many to test on. */
  public static Path write(Path directory, int perClass) throws IOException {
    return write(directory, perClass, 4, 120, (place, label) -> place == label ? 70 : 0);
  }

  /** Images of 10 x 10 that differ in a whole row, which a few hundred steps tell apart. */
  public static Path writeRows(Path directory, int perClass) throws IOException {
    return write(directory, perClass, CLASSES, 55, (place, label) -> place / CLASSES == label ? 200 : 0);
  }

  private static Path write(Path directory, int perClass, int side, int noise, IntBinaryOperator brightness)
      throws IOException {
    Files.createDirectories(directory);
    part(directory, "train", perClass, side, noise, brightness);
    part(directory, "t10k", perClass / 2, side, noise, brightness);
    return directory;
  }

  private static void part(
      Path directory, String prefix, int perClass, int side, int noise, IntBinaryOperator brightness) throws IOException {
    var random = CounterRandom.of(5, prefix.length());
    int count = perClass * CLASSES;
    int samples = side * side;
    try (var images = new DataOutputStream(
            new BufferedOutputStream(Files.newOutputStream(directory.resolve(prefix + "-images-idx3-ubyte"))));
        var labels = new DataOutputStream(
            new BufferedOutputStream(Files.newOutputStream(directory.resolve(prefix + "-labels-idx1-ubyte"))))) {
      images.writeInt(0x803);
      images.writeInt(count);
      images.writeInt(side);
      images.writeInt(side);
      labels.writeInt(0x801);
      labels.writeInt(count);
      for (int i = 0; i < count; i++) {
        int label = i % CLASSES;
        for (int place = 0; place < samples; place++) {
          int own = (int) (noise * random.uniform((long) i * samples + place));
          images.writeByte(own + brightness.applyAsInt(place, label));
        }
        labels.writeByte(label);
      }
    }
  }
}
