package dev.perennial.backbone;

import dev.perennial.data.Input;
import java.util.List;
import java.util.SortedMap;
import org.bytedeco.pytorch.Tensor;

/**
 * A network that features come from: blocks one after another, with named sites where bricks can act.
 *
 * <p>Safe for use by several threads at once, as nothing in it changes but {@link #parameters}.
 */
public interface Backbone extends AutoCloseable {

  /** The name under which it is asked for. */
  String name();

  /** SHA-256 of its weights, hexadecimal: a brick fits the backbone of the digest that it was made for. */
  String digest();

  /** Features of a row. */
  int width();

  /** How many blocks there are. */
  int blocks();

  /** Where bricks can act, in a fixed order. */
  List<Site> sites();

  /**
   * Inputs as this backbone takes them.
   *
   * @throws dev.perennial.UsageException if it does not take inputs of that kind
   */
  List<Row> prepare(List<? extends Input> inputs);

  /** A batch of rows about to go through. */
  Pass pass(List<Row> rows);

  /** Weights that are trained with the rest, by name; empty where the backbone is frozen. */
  SortedMap<String, Tensor> parameters();

  /** Frees the weights. */
  @Override
  void close();
}
