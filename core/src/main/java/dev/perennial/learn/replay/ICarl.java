package dev.perennial.learn.replay;

import dev.perennial.brick.NearestMeanHead;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Batch;
import dev.perennial.learn.Classes;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
import dev.perennial.learn.Objective;
import dev.perennial.learn.Part;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/*
 * iCaRL (arXiv 1611.07725). An epoch goes over the experience's rows and the exemplars of the past; with g the logits,
 *   loss of a row = - sum over classes of  t log sigmoid(g) + (1 - t) log(1 - sigmoid(g))
 * where t is sigmoid of the logit that the model had before the experience, for the classes that it knew, and 1 or 0
 * for new ones. Exemplars are then chosen by herding, each class having an even share of the memory. A row is given
 * the class whose exemplars' mean feature is nearest, all features and means having length 1.
 */
/** Herded exemplars, distillation, and the nearest mean of exemplars as the classifier. */
@Technique(
    name = "icarl",
    title = "iCaRL: Incremental Classifier and Representation Learning",
    source = "arXiv 1611.07725",
    cost = "epochs x (rows + exemplars), two passes more; keeps exemplars, and while it learns the old classes' logits")
public final class ICarl implements Method<ICarl.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param memory exemplars kept, 1 to 10 million; default 500
   */
  public record Options(GradientOptions training, int memory) {

    /** Checks the range. */
    public Options {
      MemoryOptions.requireSize(memory);
    }
  }

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT, 500);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new Exemplars(options));
  }

  static final class Exemplars implements Objective {

    private static final String PART = "memory";
    private static final String TEACHER = "teacher";

    private final Memory memory;
    private final Map<Input, Integer> rowOf = new HashMap<>();
    private float[][] teacher = new float[0][];
    private int knownBefore;
    private int asked = -1;
    private List<Example> rows = List.of();

    Exemplars(Options options) {
      this.memory = new Memory(options.memory(), Memory.Policy.BALANCED);
    }

    /** The rows that arrived, and the exemplars of the past. */
    @Override
    public List<Example> rows(Experience experience) {
      if (asked != experience.index()) {
        var all = new ArrayList<>(experience.train());
        all.addAll(memory.examples());
        rows = all;
        asked = experience.index();
      }
      return rows;
    }

    @Override
    public void begin(Experience experience, Model model, boolean fresh) {
      List<Example> union = rows(experience);
      // The same input twice has the same logits: either row will do.
      rowOf.clear();
      for (int i = 0; i < union.size(); i++) {
        rowOf.put(union.get(i).input(), i);
      }
      if (fresh && knownBefore > 0) {
        float[] logits = Tensors.toFloats(model.logits(union).narrow(1, 0, knownBefore));
        teacher = split(logits, union.size());
      }
    }

    private float[][] split(float[] logits, int count) {
      float[][] split = new float[count][];
      for (int i = 0; i < count; i++) {
        split[i] = Arrays.copyOfRange(logits, i * knownBefore, (i + 1) * knownBefore);
      }
      return split;
    }

    @Override
    public Tensor taskLoss(Batch batch, Part part) {
      List<Example> own = part.rows();
      int classes = (int) part.logits().size(1);
      float[] targets = new float[own.size() * classes];
      for (int i = 0; i < own.size(); i++) {
        if (knownBefore > 0) {
          Integer row = rowOf.get(own.get(i).input());
          if (row == null) {
            throw new IllegalStateException("the teacher has answered every row of the experience, and no other");
          }
          for (int c = 0; c < knownBefore; c++) {
            targets[i * classes + c] = (float) (1 / (1 + Math.exp(-teacher[row][c])));
          }
        }
        if (part.labels()[i] >= knownBefore) {
          targets[i * classes + (int) part.labels()[i]] = 1;
        }
      }
      return torch.binary_cross_entropy_with_logits(part.logits(), Tensors.floats(targets, own.size(), classes),
          new TensorOptional(), new TensorOptional(), 2);
    }

    @Override
    public void end(Experience experience, Model model) {
      Herding.update(memory, experience.train(), model);
      knownBefore = model.classes().size();
      teacher = new float[0][];
    }

    /** The nearest mean of exemplars; the head's logits as long as a class has none, as while it is first learned. */
    @Override
    public @Nullable Tensor scores(List<? extends Input> inputs, Model model) {
      List<Example> exemplars = memory.examples();
      Classes classes = model.classes();
      if (exemplars.stream().map(Example::label).distinct().count() < classes.size()) {
        return null;
      }
      try (var head = new NearestMeanHead((int) model.features(List.of(exemplars.getFirst().input())).size(1))) {
        head.grow(classes.size());
        head.add(model.features(exemplars.stream().map(Example::input).toList()), classes.indicesOf(exemplars));
        return head.scores(model.features(inputs));
      }
    }

    @Override
    public List<StatePart> state() {
      float[] logits = new float[teacher.length * knownBefore];
      for (int i = 0; i < teacher.length; i++) {
        System.arraycopy(teacher[i], 0, logits, i * knownBefore, knownBefore);
      }
      return List.of(
          StatePart.of(PART, Combine.UNION, memory.tensors()),
          StatePart.of(TEACHER, Combine.LATEST, Map.of(
              "logits", TensorData.of(logits, teacher.length, knownBefore),
              "known", TensorData.of(new long[] {knownBefore}, 1))));
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      memory.restore(LearnerState.part(state, PART));
      StatePart part = LearnerState.part(state, TEACHER);
      knownBefore = (int) part.tensor("known").longs()[0];
      float[] logits = part.tensor("logits").floats();
      teacher = split(logits, knownBefore == 0 ? 0 : logits.length / knownBefore);
    }

    @Override
    public long memoryBytes() {
      return memory.bytes() + (long) teacher.length * knownBefore * Float.BYTES;
    }
  }
}
