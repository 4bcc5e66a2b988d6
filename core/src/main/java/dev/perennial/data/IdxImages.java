package dev.perennial.data;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A reader of grey images in the IDX format, in which MNIST and Fashion-MNIST come.
 *
 * <p>A directory holds {@code train-images-idx3-ubyte}, {@code train-labels-idx1-ubyte} and the same two with
 * {@code t10k} for testing, each plain or .gz. All numbers are big-endian: a magic number (2051 for images, 2049 for
 * labels), the count, for images the height and width, then unsigned bytes, row by row. Source: Yann LeCun, Corinna
 * Cortes, Christopher Burges, "The MNIST database".
 */
public final class IdxImages {

  private static final int IMAGES = 0x803;
  private static final int LABELS = 0x801;

  private IdxImages() {}

  /**
   * Reads the four files.
   *
   * @param directory where they stand
   * @return images of one channel, labelled with their digits ({@code "0"} and so on); no validation rows
   * @throws UsageException in one line, if a file is missing, or is not what the format says
   * @throws FailureException in one line, if a file cannot be read
   */
  public static Dataset read(Path directory) {
    var train = part(directory, "train");
    var test = part(directory, "t10k");
    return new Dataset(
        directory.toAbsolutePath().normalize().getFileName() + "", train, List.of(), test,
        Dataset.BadRows.none(train.size() + test.size()));
  }

  private static List<Example> part(Path directory, String prefix) {
    var imageFile = find(directory, prefix + "-images-idx3-ubyte");
    var labelFile = find(directory, prefix + "-labels-idx1-ubyte");
    var images = images(imageFile);
    var labels = labels(labelFile);
    if (images.size() != labels.length) {
      throw new UsageException(
          "%s has %d images and %s has %d labels, expected as many: get both again from one source"
              .formatted(imageFile, images.size(), labelFile, labels.length));
    }
    var examples = new ArrayList<Example>(labels.length);
    for (int i = 0; i < labels.length; i++) {
      examples.add(new Example(images.get(i), Integer.toString(Byte.toUnsignedInt(labels[i])), null, null));
    }
    return examples;
  }

  private static Path find(Path directory, String name) {
    var plain = directory.resolve(name);
    var gzip = directory.resolve(name + ".gz");
    if (!Files.isRegularFile(plain) && !Files.isRegularFile(gzip)) {
      throw new UsageException(
          "%s has no file %s or %s.gz: name the directory with the four IDX files".formatted(directory, name, name));
    }
    return Files.isRegularFile(plain) ? plain : gzip;
  }

  private static List<Input.Image> images(Path file) {
    try (var in = SourceFile.open(file)) {
      int count = header(in, file, IMAGES, "images");
      int height = number(in, file);
      int width = number(in, file);
      long samples = (long) height * width;
      if (height < 1 || width < 1 || samples > Integer.MAX_VALUE) {
        throw damaged(file, "its images are said to be " + height + "x" + width);
      }
      var images = new ArrayList<Input.Image>();
      for (int i = 0; i < count; i++) {
        images.add(new Input.Image(1, height, width, bytes(in, file, (int) samples)));
      }
      checkEnd(in, file);
      return images;
    } catch (IOException e) {
      throw SourceFile.unreadable(file, e);
    }
  }

  private static byte[] labels(Path file) {
    try (var in = SourceFile.open(file)) {
      var labels = bytes(in, file, header(in, file, LABELS, "labels"));
      checkEnd(in, file);
      return labels;
    } catch (IOException e) {
      throw SourceFile.unreadable(file, e);
    }
  }

  /** The count, after the magic number. */
  private static int header(InputStream in, Path file, int magic, String what) throws IOException {
    int found = number(in, file);
    if (found != magic) {
      throw damaged(file, "it starts with %d, expected %d for %s".formatted(found, magic, what));
    }
    int count = number(in, file);
    if (count < 1) {
      throw damaged(file, "it is said to hold " + count + " " + what);
    }
    return count;
  }

  private static int number(InputStream in, Path file) throws IOException {
    return ByteBuffer.wrap(bytes(in, file, Integer.BYTES)).getInt();
  }

  /** Exactly so many bytes; what is allocated grows with what is there, not with what the header claims. */
  private static byte[] bytes(InputStream in, Path file, int count) throws IOException {
    byte[] bytes = in.readNBytes(count);
    if (bytes.length < count) {
      throw damaged(file, "it ends too early");
    }
    return bytes;
  }

  private static void checkEnd(InputStream in, Path file) throws IOException {
    if (in.read() >= 0) {
      throw damaged(file, "it goes on after the number of bytes that its header announces");
    }
  }

  private static UsageException damaged(Path file, String how) {
    return new UsageException(file + " is no IDX file of that kind: " + how + "; get it again from its source");
  }
}
