package dev.perennial.edit;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.brick.BrickKind;
import dev.perennial.brick.BrickKinds;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Input;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntConsumer;
import org.bytedeco.pytorch.LongOptional;
import org.jspecify.annotations.Nullable;

/**
 * A model whose answers are edited one after another, without training it.
 *
 * <p>Source: UltraEdit: Training-, Subject-, and Memory-Free Lifelong Editing in Large Language Models (arXiv 2505.14679).
 * Edits come in turns; a turn is solved for in closed form and forgotten, so that what is kept does not grow. With a
 * linear head the logits are edited, with a cosine head the embedding.
 *
 * <p>Used by one thread at a time.
 */
public final class Editor implements AutoCloseable {

  private static final int ROWS = 512;

  private final Features features;
  private final boolean closing;
  private final SavedBrick.Head head;
  private final UltraEditOptions options;
  private final Readout readout;
  private final UltraEdit edits;
  private final Labels labels;

  /**
   * An editor of a model that has no edits yet.
   *
   * @param features of the model, which stay their owner's
   * @param head of the model
   */
  public Editor(Features features, SavedBrick.Head head, UltraEditOptions options) {
    this(features, false, head, options, null);
  }

  private Editor(Features features, boolean closing, SavedBrick.Head head, UltraEditOptions options,
      @Nullable EditState before) {
    this.features = features;
    this.closing = closing;
    this.head = head;
    this.options = options;
    readout = new Readout(head);
    edits = new UltraEdit(readout, options, before);
    labels = new Labels(head.classes());
  }

  /**
   * An editor of a brick with its head; where the brick is one of edits, it goes on with them.
   *
   * @param bricks finds bricks by the names of parents
   * @param options how edits are made; where the brick is one of edits, those that it was made with hold
   * @throws UsageException if the brick has no head
   */
  public static Editor of(SavedBrick brick, Function<String, SavedBrick> bricks, Backbone backbone, Workers workers,
      UltraEditOptions options) {
    SavedBrick.Head head = brick.head().orElseThrow(() -> new UsageException("expected a brick with a head to edit, got"
        + " one without: only what says something of classes can be edited"));
    if (!EditMemory.holds(brick)) {
      return owning(Features.of(brick, backbone, workers), head, options, null);
    }
    EditState before = EditMemory.state(brick);
    return owning(Features.of(original(brick, bricks), backbone, workers), head, EditMemory.options(brick), before);
  }

  /** An editor that closes the features, also where it cannot be made. */
  private static Editor owning(Features features, SavedBrick.Head head, UltraEditOptions options,
      @Nullable EditState before) {
    try {
      return new Editor(features, true, head, options, before);
    } catch (RuntimeException e) {
      features.close();
      throw e;
    }
  }

  /**
   * What a brick of edits, or one that erases, was made of. Between the two there may be others of its kind: versions of
   * it, and earlier edits. O(those).
   *
   * @param bricks finds bricks by the names of parents
   * @throws FailureException if its lineage leads to none
   */
  public static SavedBrick original(SavedBrick brick, Function<String, SavedBrick> bricks) {
    BrickKind<?> kind = kind(brick);
    var seen = new HashSet<String>();
    SavedBrick at = brick;
    while (kind(at).name().equals(kind.name())) {
      List<String> parents = at.provenance().parents();
      if (parents.isEmpty() || !seen.add(parents.getFirst())) {
        throw new FailureException("expected a brick of " + kind.name() + " whose parents lead to the brick that it was made"
            + " of, found " + (parents.isEmpty() ? "one without parents" : "that they go round by " + parents.getFirst())
            + ": import that brick too, and make the edits again");
      }
      at = bricks.apply(parents.getFirst());
    }
    return at;
  }

  private static BrickKind<?> kind(SavedBrick brick) {
    return BrickKinds.load().choose(brick.options().brick()).kind();
  }

  /** The edits so far as a brick. */
  public SavedBrick saved(Provenance provenance) {
    return EditMemory.saved(edits.state(), options, head, provenance);
  }

  /** The classes that a text can be given. */
  public List<String> classes() {
    return readout.classes();
  }

  /**
   * Makes edits, turn by turn in their order. Where a text comes twice, the later edit holds.
   *
   * @param done told the number of edits made after each turn
   * @throws UsageException if a label is none of the classes; then nothing was edited
   */
  public void edit(List<Edit> asked, IntConsumer done) {
    for (Edit edit : asked) {
      labels.place(edit.label());
    }
    for (int from = 0; from < asked.size(); from += options.turn()) {
      List<Edit> turn = asked.subList(from, Math.min(from + options.turn(), asked.size()));
      var latest = new HashMap<String, Edit>();
      turn.forEach(edit -> latest.put(edit.text(), edit));
      List<Edit> own = turn.stream().filter(edit -> latest.get(edit.text()) == edit).toList();
      try (TensorScope scope = TensorScope.inference()) {
        edits.turn(features.of(inputs(own.stream().map(Edit::text).toList())),
            own.stream().mapToLong(edit -> labels.place(edit.label())).toArray());
      }
      done.accept(from + turn.size());
    }
  }

  /** The label of every text, with all edits so far. */
  public List<String> predict(List<String> texts) {
    var labels = new ArrayList<String>();
    for (int from = 0; from < texts.size(); from += ROWS) {
      List<String> some = texts.subList(from, Math.min(from + ROWS, texts.size()));
      try (TensorScope scope = TensorScope.inference()) {
        for (long place : Tensors.toLongs(edits.logits(features.of(inputs(some))).argmax(
            new LongOptional(1), false))) {
          labels.add(classes().get((int) place));
        }
      }
    }
    return labels;
  }

  private static List<Input> inputs(List<String> texts) {
    return texts.stream().<Input>map(Input.Text::new).toList();
  }

  /** Numbers that edits are kept in. */
  public long parameters() {
    return (long) options.keys() * readout.outputs();
  }

  @Override
  public void close() {
    edits.close();
    readout.close();
    if (closing) {
      features.close();
    }
  }
}
