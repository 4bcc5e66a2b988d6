package dev.perennial.learn.structure;

import dev.perennial.learn.Classes;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Part;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/*
 * Of each task t a network of its own gives logits z_t over the task's classes, and a doubt D_t that an input is of the
 * task. Of unknown task, an input is scored
 *   score_c = z_t(c) - max_c' z_t(c') - D_t
 * so that the largest score is the best class of the least doubtful network. A class of several tasks has its largest
 * score. Within a task the order is that of its logits: who knows the task looks at its classes alone.
 */
/** The tasks of a stream, each an experience with its own classes, and what networks that each know one task say. */
final class Tasks {

  private static final String PART = "tasks";

  private final List<long[]> learned = new ArrayList<>();
  private long[] live = new long[0];

  /** The experience becomes the task that is being learned. */
  void begin(Experience experience, Classes classes) {
    live = experience.classes().stream().mapToLong(classes::indexOf).toArray();
  }

  /** The task that was being learned is learned. */
  void end() {
    learned.add(live);
    live = new long[0];
  }

  /** How many were learned in whole. */
  int learned() {
    return learned.size();
  }

  /** The classes of a task that was learned. */
  long[] classes(int task) {
    return learned.get(task).clone();
  }

  /** The classes of the task that is being learned; none between tasks. */
  long[] live() {
    return live.clone();
  }

  /** The cross-entropy over the classes of the task that is being learned, summed over rows. */
  Tensor loss(Part part) {
    return loss(part, part.logits());
  }

  /** The same for other logits. */
  Tensor loss(Part part, Tensor logits) {
    Tensor own = torch.index_select(logits, 1, Tensors.longs(live, live.length));
    return torch.cross_entropy_loss(own, targets(part), new TensorOptional(), 2, -100, 0);
  }

  /** For each row the place of its class among those of the task. */
  Tensor targets(Part part) {
    long[] places = new long[part.labels().length];
    for (int row = 0; row < places.length; row++) {
      places[row] = place(part.labels()[row]);
    }
    return Tensors.longs(places, places.length);
  }

  private long place(long label) {
    for (int i = 0; i < live.length; i++) {
      if (live[i] == label) {
        return i;
      }
    }
    throw new IllegalStateException("class " + label + " does not belong to the task that is being learned");
  }

  /**
   * Scores of inputs whose tasks are not known.
   *
   * @param logits of each task's network over the task's classes, {@code [inputs, its classes]}; that of the task being
   *     learned last, if there is one
   * @param doubts of each network that the inputs are for it, {@code [inputs, 1]}
   * @param classes of all tasks together
   * @return {@code [inputs, classes]}
   */
  Tensor scores(List<Tensor> logits, List<Tensor> doubts, int classes) {
    int inputs = (int) logits.getFirst().size(0);
    float[] scores = new float[inputs * classes];
    Arrays.fill(scores, Float.NEGATIVE_INFINITY);
    for (int task = 0; task < logits.size(); task++) {
      long[] of = task < learned.size() ? learned.get(task) : live;
      Tensor given = logits.get(task);
      float[] own = Tensors.toFloats(given.sub(largest(given)).sub(doubts.get(task)));
      for (int row = 0; row < inputs; row++) {
        for (int i = 0; i < of.length; i++) {
          int at = row * classes + (int) of[i];
          scores[at] = Math.max(scores[at], own[row * of.length + i]);
        }
      }
    }
    return Tensors.floats(scores, inputs, classes);
  }

  /** The entropy of what a network predicts, {@code [inputs, 1]}. */
  static Tensor entropy(Tensor logits) {
    Tensor log = torch.log_softmax(logits, 1);
    return log.mul(log.exp()).sum(1).neg().unsqueeze(1);
  }

  /** The largest logit, {@code [inputs, 1]}. */
  static Tensor largest(Tensor logits) {
    return torch.amax(logits, new long[] {1}, true);
  }

  StatePart state() {
    var tensors = new LinkedHashMap<String, TensorData>();
    for (int task = 0; task < learned.size(); task++) {
      tensors.put(String.valueOf(task), TensorData.of(learned.get(task), learned.get(task).length));
    }
    tensors.put("live", TensorData.of(live, live.length));
    return StatePart.of(PART, Combine.LATEST, tensors);
  }

  /** Takes over what {@link #state} gave. */
  void restore(Map<String, StatePart> state) {
    StatePart part = LearnerState.part(state, PART);
    for (int task = 0; task < part.tensors().size() - 1; task++) {
      learned.add(part.tensor(String.valueOf(task)).longs());
    }
    live = part.tensor("live").longs();
  }
}
