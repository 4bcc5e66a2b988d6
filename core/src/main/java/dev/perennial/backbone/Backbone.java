package dev.perennial.backbone;

import dev.perennial.UsageException;
import dev.perennial.data.Input;
import dev.perennial.tensor.Parameters;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A network that features come from: blocks one after another, with named sites where bricks can act.
 *
 * <p>Safe for use by several threads at once, as nothing in it changes.
 */
public interface Backbone extends AutoCloseable {

  /** The name under which it is asked for. */
  String name();

  /**
   * SHA-256 of its weights and of how they are used, hexadecimal: a brick fits the backbone of the digest that it was
   * made for. The same weights have the same digest, whatever file they came from.
   */
  String digest();

  /** Features of a row. */
  int width();

  /** How many blocks there are. */
  int blocks();

  /** Where bricks can act, in a fixed order. */
  List<Site> sites();

  /**
   * The frozen map at one of its sites, in the open scope, where the backbone computes.
   *
   * @throws UsageException if this backbone does not show its weights
   */
  default FrozenMap frozen(Site site) {
    throw new UsageException("expected a backbone that shows the weights of " + site.name() + ", got " + name()
        + ": choose a brick that does not need them, such as lora");
  }

  /** Features of a token, where bricks can put virtual tokens before those of a row; 0 where they cannot. */
  default int tokenWidth() {
    return 0;
  }

  /** Heads of its attention; 0 where it has none. */
  default int attentionHeads() {
    return 0;
  }

  /**
   * Inputs as this backbone takes them.
   *
   * @throws UsageException if it does not take inputs of that kind
   */
  List<Row> prepare(List<? extends Input> inputs);

  /** A batch of rows about to go through. */
  Pass pass(List<Row> rows);

  /**
   * The same for rows of any lengths whose states nobody wants to keep: what a backbone would pad, it may leave out. The
   * features are those of {@link #pass}, but for rounding.
   *
   * @param adaptation what will act on it
   */
  default Pass passForScores(List<Row> rows, Adaptation adaptation) {
    return pass(rows);
  }

  /** Adds the weights that are trained with the rest, at their initial values; none where the backbone is frozen. */
  void initialise(Parameters parameters);

  /**
   * A batch of rows that goes through weights that are trained, by a way that is faster than recording gradients; null
   * where there is none.
   *
   * @param weights all that {@link #initialise} added, by name
   */
  default @Nullable TrainedPass trainedPass(List<Row> rows, Map<String, Tensor> weights) {
    return null;
  }

  /** Frees the weights. */
  @Override
  void close();
}
