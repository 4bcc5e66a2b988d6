package dev.perennial.learn.regularisation;

import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
import dev.perennial.learn.Objective;
import dev.perennial.learn.Part;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/*
 * Learning without Forgetting (arXiv 1606.09282), with distillation as in Distilling the Knowledge in a Neural Network
 * (arXiv 1503.02531):
 *   loss on outputs = strength * T² * sum over rows of  - sum_c softmax(teacher / T)_c log softmax(logits / T)_c
 * over the classes that the teacher knew. The teacher is the model as it was when the experience began; what it makes
 * of the experience's rows is computed once, and is all that is kept of it.
 */
/** Holds the outputs for new inputs near what the model gave before it learned them. */
@Technique(
    name = "lwf",
    title = "Learning without Forgetting",
    source = "arXiv 1606.09282",
    cost = "one pass more over the experience; keeps the old classes' logits of its rows while it lasts")
public final class Lwf implements Method<Lwf.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param strength of the loss on outputs, at least 0; default 1
   * @param temperature both sides are softened by, above 0; default 2
   */
  public record Options(GradientOptions training, double strength, double temperature) {

    /** Checks the ranges. */
    public Options {
      Strength.require("strength", strength);
      Strength.requireTemperature(temperature);
    }
  }

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT, 1, 2);
  }

  @Override
  public SearchSpace searchSpace() {
    return GradientOptions.SEARCH_SPACE.and("strength", "0.3", "1", "3");
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new Distillation(options));
  }

  static final class Distillation implements Objective {

    private static final String PART = "teacher";

    private final Options options;
    private final Teacher teacher = new Teacher();
    private int knownBefore;

    Distillation(Options options) {
      this.options = options;
    }

    @Override
    public void begin(Experience experience, Model model, boolean fresh) {
      teacher.begin(experience);
      if (fresh && knownBefore > 0) {
        teacher.answer(model.logits(experience.train()).narrow(1, 0, knownBefore));
      }
    }

    @Override
    public @Nullable Tensor outputLoss(Batch batch, Part part) {
      if (knownBefore == 0) {
        return null;
      }
      var softer = new Scalar(1 / options.temperature);
      Tensor wanted = torch.softmax(teacher.of(part.rows()).mul(softer), 1);
      Tensor given = torch.log_softmax(part.logits().narrow(1, 0, knownBefore).mul(softer), 1);
      double scale = options.strength * options.temperature * options.temperature;
      return wanted.mul(given).sum().mul(new Scalar(-scale));
    }

    @Override
    public void end(Experience experience, Model model) {
      knownBefore = model.classes().size();
      teacher.dismiss();
    }

    @Override
    public List<StatePart> state() {
      return List.of(StatePart.of(PART, Combine.LATEST, Map.of(
          "logits", teacher.state(), "known", TensorData.of(new long[] {knownBefore}, 1))));
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      StatePart part = LearnerState.part(state, PART);
      knownBefore = (int) part.tensor("known").longs()[0];
      teacher.restore(part.tensor("logits"));
    }

    @Override
    public long memoryBytes() {
      return teacher.bytes();
    }
  }
}
