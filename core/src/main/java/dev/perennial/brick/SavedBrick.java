package dev.perennial.brick;

import dev.perennial.backbone.Backbone;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A brick with its tensors, as it is kept in files: what a library holds, and what is exported and imported.
 *
 * @param options its kind and layout
 * @param tensors what was trained, float32, by the names of {@link Brick#shapes}
 * @param fixed what {@link Brick#fixed} gave
 * @param head the head that was trained with it, if it goes along
 * @param provenance where it comes from
 */
public record SavedBrick(BrickOptions options, SortedMap<String, TensorData> tensors,
    SortedMap<String, TensorData> fixed, Optional<Head> head, Provenance provenance) {

  /** Copies the maps, not the tensors. */
  public SavedBrick {
    tensors = sorted(tensors);
    fixed = sorted(fixed);
  }

  /** A brick with these tensors in any kind of map. */
  public static SavedBrick of(BrickOptions options, Map<String, TensorData> tensors, Map<String, TensorData> fixed,
      @Nullable Head head, Provenance provenance) {
    return new SavedBrick(options, new TreeMap<>(tensors), new TreeMap<>(fixed), Optional.ofNullable(head), provenance);
  }

  private static SortedMap<String, TensorData> sorted(Map<String, TensorData> map) {
    return Collections.unmodifiableSortedMap(new TreeMap<>(map));
  }

  /** The same without its head. */
  public SavedBrick withoutHead() {
    return new SavedBrick(options, tensors, fixed, Optional.empty(), provenance);
  }

  /** The same with another provenance. */
  public SavedBrick withProvenance(Provenance other) {
    return new SavedBrick(options, tensors, fixed, head, other);
  }

  /**
   * SHA-256 of layout, tensors and head, hexadecimal: the same for the same brick, whatever it is called and wherever it
   * comes from. O(bytes).
   */
  public String digest() {
    return BrickDigest.of(this);
  }

  /**
   * Its layout on a backbone, with what is fixed taken over.
   *
   * @throws dev.perennial.UsageException if the backbone has no such sites
   */
  public Brick on(Backbone backbone) {
    Brick brick = options.on(backbone);
    brick.restore(fixed);
    return brick;
  }

  /**
   * A head that scores classes.
   *
   * @param kind {@code linear-head} or {@code cosine-head}
   * @param classes their names, in the order of the rows; numbers from 0 where a file tells none
   * @param weight {@code [classes, width]}, float32
   * @param bias {@code [classes]}, float32; null for a cosine head
   */
  public record Head(String kind, List<String> classes, TensorData weight, @Nullable TensorData bias) {

    /**
     * A copy of a head's rows.
     *
     * @param rows {@code [classes, rowLength]}, as a head keeps them
     * @param width features of an input
     */
    public static Head of(GrowingHead head, List<String> classes, Tensor rows, int width) {
      TensorData weight = TensorData.of(Tensors.toFloats(rows.narrow(1, 0, width)), rows.size(0), width);
      TensorData bias = head.rowLength() == width
          ? null
          : TensorData.of(Tensors.toFloats(rows.select(1, width)), rows.size(0));
      return new Head(head.kind(), classes, weight, bias);
    }

    /** Copies the classes. */
    public Head {
      classes = List.copyOf(classes);
    }
  }
}
