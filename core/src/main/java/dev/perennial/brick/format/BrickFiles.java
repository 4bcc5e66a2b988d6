package dev.perennial.brick.format;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.brick.Brick;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.tensor.TensorFormat;
import java.nio.file.Path;

/**
 * A brick as a directory of files.
 *
 * <p>Kinds that PEFT has a format for (LoRA, DoRA, AdaLoRA, IA3, prompt, prefix) lie in PEFT's layout, byte for byte as it
 * writes them: {@code adapter_config.json} and {@code adapter_model.safetensors}, and beside them
 * {@code perennial.json}, which PEFT does not look at, with provenance, the digest of the backbone and the names of the
 * classes. All other kinds are one file, {@code brick.safetensors}, with the same in its metadata, and a brick of any kind
 * that was made smaller is one file of another {@link TensorFormat}.
 *
 * <p>Reading is strict: whatever is missing, unexpected, of another shape, twice there, or made for another backbone is
 * refused in one line that names file, tensor and expectation. Nothing is allocated by a size that a file claims. What
 * PEFT wrote has no {@code perennial.json}, and tells neither backbone nor classes: it is taken to be of the backbone that
 * it is read for, whose shapes it must have, and classes are numbers.
 */
public final class BrickFiles {

  private BrickFiles() {}

  /** What a directory tells of its brick without a backbone. */
  public record Summary(String kind, long parameters, Provenance provenance) {}

  /**
   * Writes a brick into a new directory, which appears whole or not at all.
   *
   * @param directory must not be there, or be empty
   * @param backbone that the brick was made for
   * @throws UsageException if the directory holds something
   * @throws FailureException if it cannot be written, or the brick is not one of that backbone
   */
  public static void write(Path directory, SavedBrick saved, Backbone backbone) {
    Brick brick = checked(saved, backbone);
    PeftFormat format = PeftDirectory.format(saved).orElse(null);
    NewDirectory.make(directory, temporary -> {
      if (format == null) {
        OwnFile.write(temporary, saved);
      } else {
        PeftDirectory.write(temporary, format, saved, brick, backbone);
      }
    });
  }

  /**
   * The same in one file of another format.
   *
   * @param writer of its tensors
   */
  public static void write(Path directory, SavedBrick saved, Backbone backbone, TensorFormat.Writer writer) {
    checked(saved, backbone);
    NewDirectory.make(directory, temporary -> OwnFile.write(temporary, saved, writer));
  }

  private static Brick checked(SavedBrick saved, Backbone backbone) {
    requireBase(saved.provenance().base(), backbone, "the brick");
    Brick brick = saved.on(backbone);
    BrickTensors.check(saved.tensors(), brick.shapes(), "the brick");
    return brick;
  }

  /**
   * Writes a brick's files once more into a new directory, the tensors to the byte, with another provenance.
   *
   * @throws FailureException if they cannot be read or written
   */
  public static void copy(Path from, Path to, Provenance provenance) {
    NewDirectory.make(to, temporary -> {
      if (OwnFile.isIn(from)) {
        OwnFile.copy(from, temporary, provenance);
      } else {
        PeftDirectory.copy(from, temporary, provenance);
      }
    });
  }

  /**
   * Reads a brick for a backbone. Tensors of F16 and BF16 are widened to F32.
   *
   * @throws UsageException if there is no brick
   * @throws FailureException if a file is damaged or contradicts another, or the brick is of another backbone
   */
  public static SavedBrick read(Path directory, Backbone backbone) {
    return OwnFile.isIn(directory) ? OwnFile.read(directory, backbone) : PeftDirectory.read(directory, backbone);
  }

  /**
   * What a directory tells of its brick without a backbone: headers are read, tensors are not.
   *
   * @throws UsageException if there is no brick
   * @throws FailureException if a file is damaged
   */
  public static Summary summary(Path directory) {
    return OwnFile.isIn(directory) ? OwnFile.summary(directory) : PeftDirectory.summary(directory);
  }

  /** Checks that a file tells of the backbone that the brick is read or written for. */
  static void requireBase(String base, Backbone backbone, String where) {
    if (!base.equals(backbone.digest())) {
      throw new FailureException("expected a brick of the backbone " + backbone.name() + " of digest " + backbone.digest()
          + " in " + where + ", found one of the backbone of digest " + base);
    }
  }
}
