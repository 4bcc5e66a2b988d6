package dev.perennial.learn.depth;

import dev.perennial.UsageException;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.NearestMeanHead;
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
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * Cloud-Device Collaborative Adaptation to Continual Changing Environments in the Real-world (arXiv 2212.00972). The
 * device has the lower blocks of a frozen network and a head; the cloud has all blocks. As an experience begins:
 *
 *   uncertainty(x) = entropy of the mean over `draws` of the device's softmax with dropout on its features
 *   sent           = the share `send` of the rows of the greatest uncertainty
 *   cloud:           class means of the sent rows' features;  q(c | x) = softmax_c(cos(x, m_c) / temperature)
 *   device:  loss  = (1 - trust) CE(x, label) + trust CE(x, q(. | x)) for a row that was sent, 0 for the others
 *
 * The paper's task is detection and its device model takes visual prompts; here it is the head that the cloud teaches.
 */
/** A small model of the lower blocks, taught by the whole network on those rows that the small one is least sure of. */
@Technique(
    name = "cloud-device",
    title = "Cloud-Device Collaborative Adaptation to Continual Changing Environments in the Real-world",
    source = "arXiv 2212.00972",
    cost = "epochs x rows through a head, one pass of the network for the rows sent; keeps a mean a class and no sample")
public final class CloudDevice implements Method<CloudDevice.Options> {

  /**
   * The options.
   *
   * @param epochs passes over an experience, 1 to 1000; default 30
   * @param batch rows of a step, 1 to 4096; default 32
   * @param optimisation how the device's head follows its gradients; default adamw at 0.003
   * @param head which head the device has
   * @param depth share of the blocks that the device has, above 0 to 1, at least one; default 0.5
   * @param send share of an experience's rows that go to the cloud, above 0 to 1; default 0.5
   * @param draws of dropout that uncertainty is measured by, 1 to 1000; default 8
   * @param noise share of the device's features that a draw drops, 0 to below 1; default 0.1
   * @param trust weight of the cloud's answer against the label, 0 to 1; default 0.3
   * @param temperature that the cloud's cosines are divided by, above 0; default 0.05
   */
  public record Options(
      int epochs, int batch, OptimiserOptions optimisation, HeadOptions head, double depth, double send, int draws,
      double noise, double trust, double temperature) {

    /** Checks the ranges. */
    public Options {
      requireShare("depth", depth);
      requireShare("send", send);
      if (draws < 1 || draws > 1000) {
        throw new UsageException("expected draws between 1 and 1000, got " + draws);
      }
      if (!(noise >= 0 && noise < 1)) {
        throw new UsageException("expected noise from 0 to below 1, got " + noise);
      }
      if (!(trust >= 0 && trust <= 1)) {
        throw new UsageException("expected trust between 0 and 1, got " + trust);
      }
      if (!(temperature > 0) || Double.isInfinite(temperature)) {
        throw new UsageException("expected a temperature above 0, got " + temperature);
      }
      training(epochs, batch, optimisation, head);
    }

    private static void requireShare(String name, double value) {
      if (!(value > 0 && value <= 1)) {
        throw new UsageException("expected " + name + " above 0 and at most 1, got " + value);
      }
    }

    private GradientOptions training() {
      return training(epochs, batch, optimisation, head);
    }

    private static GradientOptions training(int epochs, int batch, OptimiserOptions optimisation, HeadOptions head) {
      return new GradientOptions(epochs, batch, optimisation, LoraOptions.DEFAULT, head);
    }
  }

  @Override
  public Options defaults() {
    return new Options(
        30, 32, OptimiserOptions.adamW(3e-3), HeadOptions.DEFAULT, 0.5, 0.5, 8, 0.1, 0.3, 0.05);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new Collaboration(options, context).learner();
  }

  static final class Collaboration implements Objective {

    private static final long DROPPED = 95;
    private static final String CLOUD = "cloud";
    private static final String SENT = "sent";

    private final Options options;
    private final LearnerContext context;
    private final LevelBackbone device;
    private final NearestMeanHead cloud;
    /** Places of the rows that were sent, in the experience that is being learned. */
    private int[] sent = new int[0];
    /** What the cloud answered to each row that was sent. */
    private final Map<Input, float[]> answers = new HashMap<>();

    Collaboration(Options options, LearnerContext context) {
      this.options = options;
      this.context = context;
      int last = Math.max(0, (int) Math.round(options.depth() * context.backbone().blocks()) - 1);
      this.device = new LevelBackbone(context, last, last, parameters -> {});
      this.cloud = new NearestMeanHead(context.backbone().width());
    }

    GradientLearner learner() {
      return new GradientLearner(options.training(), device.context(), this);
    }

    /** Places of the rows that were sent to the cloud, in ascending order. */
    int[] sent() {
      return sent.clone();
    }

    @Override
    public void begin(Experience experience, Model model, boolean fresh) {
      context.register(experience);
      List<Example> rows = experience.train();
      if (fresh) {
        sent = mostUncertain(uncertainties(experience, model));
        cloud.grow(model.classes().size());
        List<Example> told = Arrays.stream(sent).mapToObj(rows::get).toList();
        cloud.add(whole(told), model.classes().indicesOf(told));
      }
      answers.clear();
      List<Example> told = Arrays.stream(sent).mapToObj(rows::get).toList();
      Tensor cosines = cloud.scores(whole(told)).div(new Scalar(2 * options.temperature()));
      float[] all = Tensors.toFloats(torch.softmax(cosines, 1));
      int classes = all.length / told.size();
      for (int row = 0; row < told.size(); row++) {
        answers.put(told.get(row).input(), Arrays.copyOfRange(all, row * classes, (row + 1) * classes));
      }
    }

    private Tensor whole(List<Example> rows) {
      return context.cache().features(inputs(rows), FeatureCache.Frozen.BACKBONE);
    }

    private static List<Input> inputs(List<Example> rows) {
      return rows.stream().map(Example::input).toList();
    }

    /** For each row the entropy of the device's mean answer. */
    double[] uncertainties(Experience experience, Model model) {
      Tensor features = device.features(inputs(experience.train()));
      int rows = experience.train().size();
      int classes = model.classes().size();
      double[] mean = new double[rows * classes];
      for (int draw = 0; draw < options.draws(); draw++) {
        Tensor kept = Tensors.floats(kept(rows * device.width(), experience.index(), draw), rows, device.width());
        double[] chances = Tensors.toDoubles(torch.softmax(model.logitsOf(features.mul(kept)), 1));
        for (int i = 0; i < mean.length; i++) {
          mean[i] += chances[i] / options.draws();
        }
      }
      double[] entropies = new double[rows];
      for (int i = 0; i < mean.length; i++) {
        entropies[i / classes] -= mean[i] > 0 ? mean[i] * Math.log(mean[i]) : 0;
      }
      return entropies;
    }

    /** What a draw of dropout multiplies features by: 0, or 1 over the share that is kept. */
    float[] kept(int count, int experience, int draw) {
      var random = CounterRandom.of(context.seed(), DROPPED, experience, draw);
      float[] kept = new float[count];
      for (int i = 0; i < count; i++) {
        kept[i] = random.uniform(i) < options.noise() ? 0 : (float) (1 / (1 - options.noise()));
      }
      return kept;
    }

    /** The places of the greatest numbers, as many as are sent; of equal ones the first. */
    int[] mostUncertain(double[] uncertainties) {
      int count = (int) Math.ceil(options.send() * uncertainties.length);
      return IntStream.range(0, uncertainties.length).boxed()
          .sorted(Comparator.<Integer>comparingDouble(row -> -uncertainties[row]).thenComparingInt(row -> row))
          .limit(count).mapToInt(Integer::intValue).sorted().toArray();
    }

    @Override
    public Tensor taskLoss(Batch batch, Part part) {
      List<Example> rows = part.rows();
      int outputs = (int) part.logits().size(1);
      float[] targets = new float[rows.size() * outputs];
      for (int row = 0; row < rows.size(); row++) {
        float[] answer = answers.get(rows.get(row).input());
        if (answer != null) {
          for (int c = 0; c < answer.length; c++) {
            targets[row * outputs + c] = (float) (options.trust() * answer[c]);
          }
          targets[row * outputs + (int) part.labels()[row]] += (float) (1 - options.trust());
        }
      }
      Tensor chances = torch.log_softmax(part.logits(), 1);
      return chances.mul(Tensors.floats(targets, rows.size(), outputs)).sum().neg();
    }

    @Override
    public List<StatePart> state() {
      var parts = new ArrayList<StatePart>();
      parts.add(StatePart.of(CLOUD, Combine.SUM, cloud.state()));
      parts.add(StatePart.of(SENT, Combine.LATEST, Map.of("rows", TensorData.of(sent, sent.length))));
      return parts;
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      past.forEach(context::register);
      cloud.restore(LearnerState.part(state, CLOUD));
      sent = LearnerState.part(state, SENT).tensor("rows").ints();
    }

    @Override
    public long memoryBytes() {
      return cloud.bytes();
    }

    @Override
    public void close() {
      cloud.close();
    }
  }
}
