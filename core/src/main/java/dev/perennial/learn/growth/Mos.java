package dev.perennial.learn.growth;

import dev.perennial.UsageException;
import dev.perennial.data.Input;
import dev.perennial.grow.Evidence;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Technique;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/*
 * MOS: Model Surgery for Pre-Trained Model-Based Class-Incremental Learning (arXiv 2412.09441). A brick for each experience,
 * after every step of which
 *   theta <- (1 - pull) theta + pull * mean of the bricks before
 * and retrieval without training: the backbone alone names a class by its nearest class mean; the brick that learned it embeds
 * the input again and names a class; and so on, until the brick stays the same, or after so many rounds.
 * A new brick begins where the mean of those before is, so that its A and B can be averaged with theirs. The paper evens out
 * its head by samples of class Gaussians; the head here is analytic and needs none.
 */
/** A brick for each experience, held near those before, which inputs find by asking again with the brick they found. */
@Technique(
    name = "mos",
    title = "MOS: Model Surgery for Pre-Trained Model-Based Class-Incremental Learning",
    source = "arXiv 2412.09441",
    cost = "the steps of plain training; a few passes for each input; keeps bricks, sums, class means and no sample")
public final class Mos implements Method<Mos.Options> {

  /**
   * The options.
   *
   * @param growth how bricks train and how many are held
   * @param pull how far each step goes back to the mean of the bricks before, 0 to below 1; default 0.1
   * @param rounds of retrieval at most, 1 to 100; default 4
   */
  public record Options(GrowthOptions growth, double pull, int rounds) {

    /** Checks the ranges. */
    public Options {
      if (!(pull >= 0 && pull < 1)) {
        throw new UsageException("expected a pull from 0 to below 1, got " + pull);
      }
      if (rounds < 1 || rounds > 100) {
        throw new UsageException("expected rounds between 1 and 100, got " + rounds);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(GrowthOptions.DEFAULT, 0.1, 4);
  }

  @Override
  public SearchSpace searchSpace() {
    return GrowthOptions.SEARCH_SPACE;
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GrowingLearner(options.growth(), context, new Surgery(options));
  }

  static final class Surgery implements Growth {

    private final Options options;
    private int live = -1;

    Surgery(Options options) {
      this.options = options;
    }

    @Override
    public Evidence evidence(Rows rows, Model model) {
      return new Evidence("an experience of its own", 1, 0, 0, model.shelf().size() - 1);
    }

    @Override
    public void begin(Rows rows, Model model, int learns, boolean fresh) {
      live = learns;
    }

    @Override
    public Map<String, Tensor> beginning(Model model) {
      return mean(model.shelf(), model.shelf().size());
    }

    /** The mean of the first bricks, by tensor; none where there are none. */
    static Map<String, Tensor> mean(Shelf shelf, int bricks) {
      var sums = new LinkedHashMap<String, Tensor>();
      for (int brick = 0; brick < bricks; brick++) {
        shelf.of(brick).forEach((name, tensor) ->
            sums.merge(name, tensor.div(new Scalar((double) bricks)), Tensor::add));
      }
      return sums;
    }

    @Override
    public void stepped(Parameters parameters, Tensor gradient, Model model) {
      mean(model.shelf(), live).forEach((name, mean) -> {
        Tensor values = parameters.view(parameters.values(), name);
        values.mul_(new Scalar(1 - options.pull));
        Tensors.addScaled(values, mean, options.pull);
      });
    }

    @Override
    public Tensor learningGates(Tensor frozen, int brick, Model model) {
      return brick < 0
          ? gates(frozen, Map.of(), model)
          : Gates.all(frozen.size(0), brick, model.shelf().size());
    }

    @Override
    public Tensor gates(Tensor frozen, Map<String, Tensor> trained, Model model) {
      return Gates.oneHot(bricksOf(model.keys().scores(frozen), model), model.shelf().size());
    }

    private static long[] bricksOf(Tensor scores, Model model) {
      long[] brickOf = model.keys().brickOf();
      return Arrays.stream(Gates.best(scores)).map(label -> brickOf[(int) label]).toArray();
    }

    @Override
    public Tensor scores(List<? extends Input> inputs, int classes, Model model) {
      int bricks = model.shelf().size();
      long[] found = bricksOf(model.keys().scores(model.network().frozen(inputs)), model);
      float[] scores = Tensors.toFloats(model.scores(inputs, Gates.oneHot(found, bricks)));
      List<Integer> open = new ArrayList<>();
      for (int row = 0; row < found.length; row++) {
        open.add(row);
      }
      for (int round = 1; round < options.rounds && !open.isEmpty(); round++) {
        float[] asked = new float[open.size() * classes];
        for (int i = 0; i < open.size(); i++) {
          System.arraycopy(scores, open.get(i) * classes, asked, i * classes, classes);
        }
        long[] next = bricksOf(Tensors.floats(asked, open.size(), classes), model);
        var moved = new ArrayList<Integer>();
        for (int i = 0; i < next.length; i++) {
          if (next[i] != found[open.get(i)]) {
            moved.add(open.get(i));
            found[open.get(i)] = next[i];
          }
        }
        open = moved;
        if (!moved.isEmpty()) {
          long[] to = moved.stream().mapToLong(row -> found[row]).toArray();
          float[] again =
              Tensors.toFloats(model.scores(moved.stream().map(inputs::get).toList(), Gates.oneHot(to, bricks)));
          for (int i = 0; i < moved.size(); i++) {
            System.arraycopy(again, i * classes, scores, moved.get(i) * classes, classes);
          }
        }
      }
      return Tensors.floats(scores, inputs.size(), classes);
    }

    @Override
    public void merged(int kept, int gone) {
      live = -1;
    }

    @Override
    public Map<String, TensorData> state() {
      return Map.of("live", TensorData.of(new long[] {live}, 1));
    }

    @Override
    public void restore(StatePart part) {
      live = (int) part.tensor("live").longs()[0];
    }
  }
}
