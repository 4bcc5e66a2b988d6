package dev.perennial.learn.structure;

import dev.perennial.brick.HeadOptions;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Batch;
import dev.perennial.learn.Objective;
import dev.perennial.learn.Part;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * An objective under which every task has a network of its own: the loss is over the task's classes, and of each task
 * that was learned the rows of the head are kept, with whatever else makes its network.
 */
abstract class TaskNetworks implements Objective {

  /** The task that is being learned, for {@link #act}. */
  static final int LIVE = -1;

  private static final String HEAD = "head";

  private final HeadOptions head;
  private final TaskInference inference;
  private final Tasks tasks = new Tasks();
  private final KeptTasks kept = new KeptTasks("task.");

  TaskNetworks(HeadOptions head, TaskInference inference) {
    this.head = head;
    this.inference = inference;
  }

  /** What makes the network of the task that was just learned, beside its rows of the head. */
  abstract Map<String, Tensor> own(Parameters parameters);

  /** Lets the network of a task act, or that of the task that is being learned. */
  abstract void act(int task, Model model);

  final Tasks tasks() {
    return tasks;
  }

  final KeptTasks kept() {
    return kept;
  }

  @Override
  public void begin(Experience experience, Model model, boolean fresh) {
    if (fresh) {
      tasks.begin(experience, model.classes());
    }
  }

  @Override
  public Tensor taskLoss(Batch batch, Part part) {
    return tasks.loss(part);
  }

  @Override
  public void end(Experience experience, Model model) {
    Parameters parameters = model.parameters();
    Tensor rows = parameters.view(parameters.values(), parameters.names().getLast());
    var tensors = new HashMap<>(own(parameters));
    tensors.put(HEAD, Tensors.rows(rows, tasks.live()));
    if (inference == TaskInference.DISTANCE) {
      tensors.putAll(TaskDistance.of(byClass(experience, model)));
    }
    kept.add(tensors);
    tasks.end();
  }

  /** The features of the rows of each class. */
  private static List<Tensor> byClass(Experience experience, Model model) {
    return experience.classes().stream().map(label -> model.features(experience.train().stream()
        .filter(row -> row.label().equals(label)).map(Example::input).toList())).toList();
  }

  @Override
  public @Nullable Tensor scores(List<? extends Input> inputs, Model model) {
    var logits = new ArrayList<Tensor>();
    var doubts = new ArrayList<Tensor>();
    for (int task = 0; task < tasks.learned(); task++) {
      act(task, model);
      Tensor features = model.features(inputs);
      Map<String, Tensor> own = kept.of(task);
      Tensor rows = own.get(HEAD);
      if (rows == null) {
        throw new IllegalStateException("every task keeps its rows of the head");
      }
      Tensor given = head.of((int) features.size(1)).logits(features, rows);
      logits.add(given);
      doubts.add(doubt(given, () -> TaskDistance.between(features, own)));
    }
    act(LIVE, model);
    long[] live = tasks.live();
    if (live.length > 0) {
      Tensor given = torch.index_select(model.logitsOf(model.features(inputs)), 1, Tensors.longs(live, live.length));
      logits.add(given);
      // How far the task's rows stray is not known before it is learned: 1 is what they have in the mean.
      doubts.add(doubt(given, () -> torch.ones(inputs.size(), 1)));
    }
    return tasks.scores(logits, doubts, model.classes().size());
  }

  private Tensor doubt(Tensor logits, Supplier<Tensor> distance) {
    return switch (inference) {
      case DISTANCE -> distance.get().log1p();
      case ENTROPY -> Tasks.entropy(logits);
      case LOGIT -> Tasks.largest(logits).neg();
    };
  }

  @Override
  public List<StatePart> state() {
    var parts = new ArrayList<>(kept.state());
    parts.add(tasks.state());
    return parts;
  }

  @Override
  public void restore(Map<String, StatePart> state, List<Experience> past) {
    kept.restore(state);
    tasks.restore(state);
  }

  @Override
  public long memoryBytes() {
    return kept.bytes();
  }

  @Override
  public void close() {
    kept.close();
  }
}
