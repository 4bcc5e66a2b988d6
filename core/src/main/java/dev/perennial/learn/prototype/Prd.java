package dev.perennial.learn.prototype;

import dev.perennial.UsageException;
import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
import dev.perennial.learn.Objective;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.Part;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * Prototype-Sample Relation Distillation: Towards Replay-Free Continual Learning (arXiv 2303.14771), with features f of
 * a row, prototypes p_c (the rows of the head), and a projection g of two layers, which prediction does without:
 *   loss = SupCon(g(f))  +  prototypes * mean (1 - cos(stop(f), p_y))  +  relations * sum over former experiences E of
 *          mean_{c in E}  - sum_i softmax_i(f'_i.p'_c / |p'_c|)  log softmax_i(f_i.p_c / |p_c|)
 * where f' and p' are those of the model before the experience, computed once, and the softmax of a prototype goes over
 * the rows i of the batch, whose order by their likeness to it is kept. The authors' program goes over the prototypes of
 * E instead, a row at a time: relation=classes. SupCon (arXiv 2004.11362), with u = g / |g|, over the rows i that share
 * their class with others, P(i), in the batch:
 *   mean_i  - mean_{j in P(i)} log (exp(u_i.u_j / T) / sum_{k != i} exp(u_i.u_k / T))
 * The paper makes two random views of an image; inputs of all kinds have none here, so positives are rows of one class.
 * The loss ties all rows of a batch together, so its gradient in feature space G is taken in one place, and workers
 * then follow the sum of G.f over their rows, which has the same gradient in the weights.
 */
/** Learns features by contrast, and prototypes that keep their relations to new samples. */
@Technique(
    name = "prd",
    title = "Prototype-Sample Relation Distillation: Towards Replay-Free Continual Learning",
    source = "arXiv 2303.14771",
    cost = "a forward pass more a step; keeps the projection, and the old classes' relations to rows while they last")
public final class Prd implements Method<Prd.Options> {

  /**
   * The options.
   *
   * @param training how it trains; its head must be cosine: prototypes are compared by their angles
   * @param temperature T of the contrast, above 0; default 0.1
   * @param prototypes weight of the prototypes' loss, at least 0; default 2
   * @param relations weight of the relations' distillation, at least 0; default 4
   * @param relation what a relation is: of a prototype to the rows of a batch, or of a row to the prototypes; default
   *     samples
   * @param hidden features of the projection's first layer, 1 to 65536; default 512
   * @param projected features of its second, 1 to 65536; default 128
   * @param projectionRate learning rate of the projection, above 0 and at most 10; default 0.01
   */
  public record Options(
      GradientOptions training, double temperature, double prototypes, double relations, Relation relation, int hidden,
      int projected, double projectionRate) {

    /** Checks the ranges. */
    public Options {
      require(training.head().head() == HeadOptions.Kind.COSINE, "head=cosine", training.head().head());
      require(temperature > 0 && temperature <= 100, "a temperature above 0 and at most 100", temperature);
      require(prototypes >= 0 && prototypes <= 1e6, "prototypes between 0 and 1000000", prototypes);
      require(relations >= 0 && relations <= 1e6, "relations between 0 and 1000000", relations);
      require(hidden >= 1 && hidden <= 65536, "hidden between 1 and 65536", hidden);
      require(projected >= 1 && projected <= 65536, "projected between 1 and 65536", projected);
      require(projectionRate > 0 && projectionRate <= 10, "a projectionRate above 0 and at most 10", projectionRate);
    }

    private static void require(boolean holds, String expected, Object value) {
      if (!holds) {
        throw new UsageException("expected " + expected + ", got " + value);
      }
    }
  }

  /** What a softmax of relations goes over. */
  public enum Relation {
    /** The rows of a batch, for each prototype. */
    SAMPLES,
    /** The prototypes of an experience, for each row. */
    CLASSES
  }

  @Override
  public Options defaults() {
    GradientOptions training = GradientOptions.DEFAULT;
    return new Options(
        new GradientOptions(training.epochs(), training.batch(), OptimiserOptions.adamW(1e-3), LoraOptions.DEFAULT,
            new HeadOptions(HeadOptions.Kind.COSINE, 0.05)),
        0.1, 2, 4, Relation.SAMPLES, 512, 128, 0.01);
  }

  @Override
  public SearchSpace searchSpace() {
    return GradientOptions.SEARCH_SPACE.and("relations", "1", "4", "16");
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(
        options.training(), context, new Relations(options, context.seed(), context.backbone().width()));
  }

  static final class Relations implements Objective {

    private static final long PROJECTION = 51;
    private static final String PART = "relations";
    private static final String FIRST = "projection.0";
    private static final String SECOND = "projection.1";

    private final Options options;
    private final int width;
    private final TensorOwner owner = new TensorOwner();
    private final Tensor first;
    private final Tensor second;
    private final List<Integer> groups = new ArrayList<>();
    private final Map<Input, Integer> rowOf = new HashMap<>();
    private float[][] teacher = new float[0][];
    private float[] towardsFeatures = new float[0];
    private float[] towardsPrototypes = new float[0];

    /** A projection as it is drawn, with weights of variance 2 / fan-in, and nothing learned. */
    Relations(Options options, long seed, int width) {
      this.options = options;
      this.width = width;
      try (TensorScope scope = TensorScope.inference()) {
        first = owner.keep(drawn(seed, 0, options.hidden(), width));
        second = owner.keep(drawn(seed, 1, options.projected(), options.hidden()));
      }
    }

    private static Tensor drawn(long seed, int layer, int out, int in) {
      var random = CounterRandom.of(seed, PROJECTION, layer);
      float[] values = new float[Math.multiplyExact(out, in)];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (Math.sqrt(2.0 / in) * random.gaussian(i));
      }
      return Tensors.floats(values, out, in);
    }

    private int known() {
      return groups.stream().mapToInt(Integer::intValue).sum();
    }

    private static Tensor prototypes(Model model, Tensor flat) {
      return model.parameters().view(flat, model.parameters().names().getLast());
    }

    @Override
    public void begin(Experience experience, Model model, boolean fresh) {
      List<Input> inputs = experience.train().stream().map(Example::input).toList();
      // The same input twice has the same relations: either row will do.
      rowOf.clear();
      for (int i = 0; i < inputs.size(); i++) {
        rowOf.put(inputs.get(i), i);
      }
      int known = known();
      if (fresh && known > 0) {
        Tensor old = torch.normalize(prototypes(model, model.parameters().values()).narrow(0, 0, known));
        float[] relations = Tensors.toFloats(torch.mm(model.features(inputs), old.t()));
        teacher = new float[inputs.size()][];
        for (int i = 0; i < teacher.length; i++) {
          teacher[i] = Arrays.copyOfRange(relations, i * known, (i + 1) * known);
        }
      }
    }

    @Override
    public Tensor gradient(Batch batch, Model model, Supplier<Tensor> atValues) {
      List<Input> inputs = batch.rows().stream().map(Example::input).toList();
      long[] labels = model.classes().indicesOf(batch.rows());
      float[] features = Tensors.toFloats(model.features(inputs));
      float[] rows = Tensors.toFloats(prototypes(model, model.parameters().values()));
      follow(features, rows, labels, answers(inputs), options.projectionRate());
      return atValues.get();
    }

    private float[] answers(List<Input> inputs) {
      int known = known();
      float[] answers = new float[inputs.size() * known];
      for (int i = 0; known > 0 && i < inputs.size(); i++) {
        Integer row = rowOf.get(inputs.get(i));
        if (row == null) {
          throw new IllegalStateException("the teacher has answered every row of the experience, and no other");
        }
        System.arraycopy(teacher[row], 0, answers, i * known, known);
      }
      return answers;
    }

    /**
     * Takes the gradient in feature space, and lets the projection follow its own.
     *
     * @param features {@code [rows, width]}
     * @param prototypes {@code [classes, width]}
     * @param answers the old model's relations, {@code [rows, classes known before]}
     * @return the loss
     */
    double follow(float[] features, float[] prototypes, long[] labels, float[] answers, double projectionRate) {
      try (TensorScope scope = TensorScope.training()) {
        Tensor f = Tensors.floats(features, labels.length, width).set_requires_grad(true);
        Tensor p = Tensors.floats(prototypes, prototypes.length / width, width).set_requires_grad(true);
        Tensor one = first.detach().set_requires_grad(true);
        Tensor two = second.detach().set_requires_grad(true);
        Tensor unit = torch.normalize(torch.mm(torch.relu(torch.mm(f, one.t())), two.t()));
        Tensor target = Tensors.rows(torch.normalize(p), labels);
        Tensor near = torch.normalize(f.detach()).mul(target).sum().div(new Scalar((double) labels.length));
        Tensor loss = contrast(unit, labels).sub(near.sub(new Scalar(1.0)).mul(new Scalar(options.prototypes())));
        Tensor relations = torch.mm(f, torch.normalize(p).t());
        int over = options.relation() == Relation.SAMPLES ? 0 : 1;
        int start = 0;
        for (int group : groups) {
          Tensor before = torch.softmax(
              Tensors.floats(answers, labels.length, known()).narrow(1, start, group), over);
          Tensor now = torch.log_softmax(relations.narrow(1, start, group), over);
          int distributions = over == 0 ? group : labels.length;
          loss = loss.sub(before.mul(now).sum().mul(new Scalar(options.relations() / distributions)));
          start += group;
        }
        loss.backward();
        try (TensorScope reading = TensorScope.inference()) {
          towardsFeatures = Tensors.toFloats(f.grad());
          towardsPrototypes = Tensors.toFloats(p.grad());
          first.sub_(one.grad(), new Scalar(projectionRate));
          second.sub_(two.grad(), new Scalar(projectionRate));
        }
        return loss.item_double();
      }
    }

    /** The supervised contrast of {@code [rows, projected]}, of length 1 each; 0 where no class comes twice. */
    private Tensor contrast(Tensor unit, long[] labels) {
      int rows = labels.length;
      // Weights of -log p_ij: 1 / |P(i)| for the positives j of i.
      float[] weights = new float[rows * rows];
      float[] own = new float[rows * rows];
      int anchors = 0;
      for (int i = 0; i < rows; i++) {
        own[i * rows + i] = Float.NEGATIVE_INFINITY;
        int positives = -1;
        for (long label : labels) {
          positives += label == labels[i] ? 1 : 0;
        }
        anchors += positives > 0 ? 1 : 0;
        for (int j = 0; positives > 0 && j < rows; j++) {
          weights[i * rows + j] = i != j && labels[i] == labels[j] ? 1f / positives : 0;
        }
      }
      if (anchors == 0) {
        return unit.sum().mul(new Scalar(0.0));
      }
      Tensor similar = torch.mm(unit, unit.t()).div(new Scalar(options.temperature()));
      Tensor others = similar.add(Tensors.floats(own, rows, rows));
      Tensor all = torch.logsumexp(others, new long[] {1}, true);
      return all.sub(similar).mul(Tensors.floats(weights, rows, rows)).sum().div(new Scalar((double) anchors));
    }

    /** The sum of G.f, which has the gradient of the loss; the learner divides it by the rows of the batch. */
    @Override
    public Tensor taskLoss(Batch batch, Part part) {
      float[] towards = new float[part.positions().length * width];
      for (int i = 0; i < part.positions().length; i++) {
        System.arraycopy(towardsFeatures, part.positions()[i] * width, towards, i * width, width);
      }
      return part.features().mul(Tensors.floats(towards, part.positions().length, width)).sum()
          .mul(new Scalar((double) batch.rows().size()));
    }

    float[] towardsFeatures() {
      return towardsFeatures.clone();
    }

    float[] towardsPrototypes() {
      return towardsPrototypes.clone();
    }

    @Override
    public void addWeightGradient(Tensor values, Tensor gradient) {
      Tensor head = gradient.narrow(0, gradient.size(0) - towardsPrototypes.length, towardsPrototypes.length);
      head.add_(Tensors.floats(towardsPrototypes, towardsPrototypes.length));
    }

    @Override
    public void end(Experience experience, Model model) {
      int added = model.classes().size() - known();
      if (added > 0) {
        groups.add(added);
      }
      teacher = new float[0][];
    }

    @Override
    public List<StatePart> state() {
      int known = known();
      float[] relations = new float[teacher.length * known];
      for (int i = 0; i < teacher.length; i++) {
        System.arraycopy(teacher[i], 0, relations, i * known, known);
      }
      return List.of(StatePart.of(PART, Combine.LATEST, Map.of(
          FIRST, Tensors.view(first), SECOND, Tensors.view(second),
          "teacher", TensorData.of(relations, teacher.length, known),
          "groups", TensorData.of(groups.stream().mapToLong(Integer::longValue).toArray(), groups.size()))));
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      StatePart part = LearnerState.part(state, PART);
      Tensors.copyInto(first, part.tensor(FIRST), FIRST);
      Tensors.copyInto(second, part.tensor(SECOND), SECOND);
      for (long group : part.tensor("groups").longs()) {
        groups.add((int) group);
      }
      int known = known();
      float[] relations = part.tensor("teacher").floats();
      teacher = new float[known == 0 ? 0 : relations.length / known][];
      for (int i = 0; i < teacher.length; i++) {
        teacher[i] = Arrays.copyOfRange(relations, i * known, (i + 1) * known);
      }
    }

    @Override
    public long memoryBytes() {
      return owner.bytes() + (long) teacher.length * known() * Float.BYTES;
    }

    @Override
    public void close() {
      owner.close();
    }
  }
}
