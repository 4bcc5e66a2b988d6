package dev.perennial.learn;

import dev.perennial.brick.GrowingHead;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * The parameters of one learner: what is trained of the network, and behind it the rows of a head that grows with the
 * classes. New numbers are charged before they are made.
 */
final class Layout implements AutoCloseable {

  private static final String HEAD = Trainer.HEAD;
  private static final long INITIAL = 1;
  private static final long NEW_ROWS = 3;

  private final GradientOptions options;
  private final LearnerContext context;
  private final Network network;
  private final boolean wholeNetwork;
  private Parameters parameters = new Parameters();
  private int headRows;
  private int restarts;

  /** @param wholeNetwork whether the network's own weights are trained and not a brick */
  Layout(GradientOptions options, LearnerContext context, Network network, boolean wholeNetwork) {
    this.options = options;
    this.context = context;
    this.network = network;
    this.wholeNetwork = wholeNetwork;
  }

  boolean isEmpty() {
    return parameters.size() == 0;
  }

  Parameters parameters() {
    return parameters;
  }

  /** How often {@link #start} was called. */
  int restarts() {
    return restarts;
  }

  /** What is trained below the head. */
  long belowHead() {
    return isEmpty() ? 0 : parameters.size() - parameters.rows(HEAD) * parameters.rowLength(HEAD);
  }

  /** The head for features of the width that the backbone has now. */
  GrowingHead head() {
    return options.head().of(context.backbone().width(), wholeNetwork);
  }

  /** The head's rows for the first so many classes. */
  Tensor rows(int classes) {
    return parameters.view(parameters.values(), HEAD).narrow(0, 0, classes);
  }

  /** Sets everything to initial values, with a head for so many classes. */
  void start(Experience experience, int classes) {
    int added = added(classes);
    var fresh = new Parameters();
    network.initialise(fresh, CounterRandom.of(context.seed(), INITIAL, restarts++));
    charge(experience, "brick", isEmpty() ? fresh.size() : 0);
    charge(experience, "head rows", (long) added * head().rowLength());
    headRows += added;
    fresh.add(HEAD, newRows(0, headRows), headRows, head().rowLength());
    parameters.close();
    parameters = fresh;
  }

  /** Lays everything out anew; what keeps its name and size keeps its values, as the head's old columns do. */
  void reshape(Experience experience, int classes) {
    var fresh = new Parameters();
    network.initialise(fresh, CounterRandom.of(context.seed(), INITIAL, restarts));
    charge(experience, "brick", Math.max(0, fresh.size() - belowHead()));
    GrowingHead wider = head();
    long rowLength = parameters.rowLength(HEAD);
    int oldRows = headRows;
    int rows = oldRows + added(classes);
    charge(experience, "head rows", rows * (long) wider.rowLength() - oldRows * rowLength);
    fresh.add(HEAD, newRows(0, rows), rows, wider.rowLength());
    Map<String, Tensor> old = parameters.views();
    fresh.views().forEach((name, view) -> {
      Tensor before = old.get(name);
      if (before != null && name.equals(HEAD)) {
        wider.takeOver(before, view.narrow(0, 0, oldRows));
      } else if (before != null && before.numel() == view.numel()) {
        view.copy_(before);
      }
    });
    parameters.close();
    parameters = fresh;
    headRows = rows;
  }

  /** Adds the head's rows of new classes. */
  void widen(Experience experience, int classes) {
    int added = added(classes);
    if (added > 0) {
      charge(experience, "head rows", (long) added * head().rowLength());
      parameters.addRows(HEAD, newRows(headRows, added));
      headRows += added;
    }
  }

  /** Takes over a state of so many classes, where everything had been started so often. */
  void restore(StatePart values, int classes, int started) {
    network.initialise(parameters, CounterRandom.of(context.seed(), INITIAL, 0));
    headRows = options.head().rows(classes);
    restarts = started;
    parameters.add(HEAD, newRows(0, headRows), headRows, head().rowLength());
    parameters.restore(values.tensors());
  }

  private int added(int classes) {
    return options.head().rows(classes) - headRows;
  }

  private float[] newRows(int first, int count) {
    return head().newRows(first, count, CounterRandom.of(context.seed(), NEW_ROWS));
  }

  private void charge(Experience experience, String what, long numbers) {
    context.charge(experience, what, numbers, numbers * Float.BYTES);
  }

  @Override
  public void close() {
    parameters.close();
  }
}
