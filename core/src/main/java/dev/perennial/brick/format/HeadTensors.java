package dev.perennial.brick.format;

import dev.perennial.FailureException;
import dev.perennial.brick.Brick;
import dev.perennial.brick.SavedBrick;
import dev.perennial.tensor.TensorData;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The tensors of a head beside those of a brick: in PEFT's layout a module that is saved in whole. */
final class HeadTensors {

  private static final String LINEAR = "linear-head";
  private static final String COSINE = "cosine-head";

  private HeadTensors() {}

  /** What the module of a head is called where a brick of that layout is written. */
  static String moduleOf(Brick brick) {
    return modulesOf(brick).getFirst();
  }

  /** What the module of a head may be called in files of PEFT's: BERT's first. */
  static List<String> modulesOf(Brick brick) {
    // PEFT puts a tuner, whose attribute is "model", around a model whose modules it changes, and none around one that it
    // gives a prompt.
    return brick.sites().isEmpty()
        ? List.of("base_model.classifier", "base_model.score", "base_model.model.classifier", "base_model.model.score")
        : List.of("base_model.model.classifier", "base_model.model.score");
  }

  static void put(String module, SavedBrick.@Nullable Head head, Map<String, TensorData> tensors) {
    if (head != null) {
      tensors.put(module + ".weight", head.weight());
      TensorData bias = head.bias();
      if (bias != null) {
        tensors.put(module + ".bias", bias);
      }
    }
  }

  /**
   * Takes the head out of the tensors of a file.
   *
   * @return null where there is none
   * @throws FailureException if it is no head for features of that width, or the lineage tells another
   */
  static SavedBrick.@Nullable Head take(
      List<String> modules, Map<String, TensorData> tensors, int width, @Nullable Lineage lineage, String where) {
    String told = lineage == null ? null : lineage.headKind();
    String module = modules.stream().filter(name -> tensors.containsKey(name + ".weight")).findFirst().orElse("");
    TensorData weight = tensors.remove(module + ".weight");
    if (weight == null) {
      if (told != null) {
        throw new FailureException(where + ": expected a tensor " + modules.getFirst() + ".weight of the head that is told"
            + " of, there is none of that name");
      }
      return null;
    }
    TensorData bias = tensors.remove(module + ".bias");
    if (weight.shape().size() != 2 || weight.shape().getLast() != width) {
      throw new FailureException(where + ": expected the tensor " + module + ".weight of shape [classes, " + width
          + "], found " + weight);
    }
    long rows = weight.shape().getFirst();
    String kind = told != null ? told : bias == null ? COSINE : LINEAR;
    if (!kind.equals(LINEAR) && !kind.equals(COSINE) || kind.equals(LINEAR) == (bias == null)) {
      throw new FailureException(where + ": expected " + LINEAR + " with a bias or " + COSINE + " without, found " + kind
          + (bias == null ? " without one" : " with one"));
    }
    if (bias != null && !bias.shape().equals(List.of(rows))) {
      throw new FailureException(where + ": expected the tensor " + module + ".bias of shape [" + rows + "], found " + bias);
    }
    List<String> classes = lineage == null || told == null
        ? IntStream.range(0, Math.toIntExact(rows)).mapToObj(Integer::toString).toList()
        : lineage.classes();
    if (classes.size() != rows) {
      throw new FailureException(
          where + ": expected a row of the head for each of " + classes.size() + " classes, found " + rows);
    }
    var shapes = bias == null
        ? Map.of(module + ".weight", weight.shape())
        : Map.of(module + ".weight", weight.shape(), module + ".bias", bias.shape());
    BrickTensors.check(
        bias == null ? Map.of(module + ".weight", weight) : Map.of(module + ".weight", weight, module + ".bias", bias),
        shapes, where);
    return new SavedBrick.Head(kind, classes, BrickTensors.floats(module + ".weight", weight, where),
        bias == null ? null : BrickTensors.floats(module + ".bias", bias, where));
  }
}
