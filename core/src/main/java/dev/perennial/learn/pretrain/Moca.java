package dev.perennial.learn.pretrain;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.brick.Brick;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Batch;
import dev.perennial.learn.EpochOrder;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.Objective;
import dev.perennial.learn.Part;
import dev.perennial.learn.Technique;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/*
 * MoCa: Modality-aware Continual Pre-training Makes Better Bidirectional Multimodal Embeddings (arXiv 2506.23115), its
 * text part. Of an experience's steps, the first share `denoise` never sees a label:
 *
 *   some tokens of every text are replaced by [MASK];  h_i what the encoder with its brick makes of the i-th of them,
 *   t_i what the frozen encoder makes of it in the whole text
 *   denoising  = mean over i of  - log softmax_j(cos(h_i, t_j) / temperature) at j = i
 *
 * and the others contrast texts by their labels, z the features at length 1, z~ the same without gradients:
 *
 *   contrast_a = - mean over the texts p of a's class of  log (exp(z_a z~_p / temperature) / sum over b != a of ...)
 *   loss       = cross-entropy + contrast * mean over a that have such a text in the batch
 *
 * Here the masked token is told among those that were masked with it, by its meaning in its place, and not among all words
 * of the vocabulary: encoders for sentences have no head for words.
 */
/** A brick that first learns to restore masked tokens without labels, and then to tell texts apart by contrast. */
@Technique(
    name = "moca",
    title = "MoCa: Modality-aware Continual Pre-training Makes Better Bidirectional Multimodal Embeddings",
    source = "arXiv 2506.23115",
    cost = "the steps of plain training from the entrance on, and a forward pass more for each; keeps nothing")
public final class Moca implements Method<Moca.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param denoise share of an experience's steps that restore masked tokens, 0 to below 1; default 0.3
   * @param masked share of a text's tokens that are masked, above 0 to 1; at least one is; default 0.3
   * @param contrast strength of the contrast, at least 0; default 0.5
   * @param temperature that cosines are divided by, above 0; default 0.1
   */
  public record Options(GradientOptions training, double denoise, double masked, double contrast, double temperature) {

    /** Checks the ranges. */
    public Options {
      if (!(denoise >= 0 && denoise < 1)) {
        throw new UsageException("expected denoise from 0 to below 1, got " + denoise);
      }
      if (!(masked > 0 && masked <= 1)) {
        throw new UsageException("expected masked above 0 and at most 1, got " + masked);
      }
      if (!(contrast >= 0) || Double.isInfinite(contrast)) {
        throw new UsageException("expected a contrast of at least 0, got " + contrast);
      }
      if (!(temperature > 0) || Double.isInfinite(temperature)) {
        throw new UsageException("expected a temperature above 0, got " + temperature);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT, 0.3, 0.3, 0.5, 0.1);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new Pretraining(options, context));
  }

  static final class Pretraining implements Objective {

    private static final long MASKED = 91;

    private final Options options;
    private final LearnerContext context;
    private final Backbone backbone;
    private final Brick brick;
    private final int mask;
    /** The features of the batch's rows, without gradients, one after another. */
    private float[] batchFeatures = new float[0];

    Pretraining(Options options, LearnerContext context) {
      this.options = options;
      this.context = context;
      this.backbone = context.backbone();
      if (backbone.tokenWidth() == 0) {
        throw new UsageException("expected a backbone of tokens for technique moca, got " + backbone.name()
            + ": choose a backbone for texts, or another technique");
      }
      this.brick = options.training().brick().on(backbone);
      // The first token of the text that stands for a mask, behind the one that begins every text.
      int[] ids = ((Row.Tokens) backbone.prepare(List.of(new Input.Text("[MASK]"))).getFirst()).ids();
      this.mask = ids[Math.min(1, ids.length - 1)];
    }

    /** A text of which tokens are masked, and which. */
    record Hidden(Row.Tokens row, List<Integer> places) {}

    /** Masks tokens, but for the first and the last of a text, which every text has. */
    Hidden hidden(int[] ids, CounterRandom random) {
      int first = ids.length > 2 ? 1 : 0;
      int inner = ids.length > 2 ? ids.length - 2 : ids.length;
      var places = new ArrayList<Integer>();
      for (int i = 0; i < inner; i++) {
        if (random.uniform(i) < options.masked()) {
          places.add(first + i);
        }
      }
      if (places.isEmpty()) {
        places.add(first + random.below(inner, inner));
      }
      int[] changed = ids.clone();
      places.forEach(place -> changed[place] = mask);
      return new Hidden(new Row.Tokens(changed), places);
    }

    private boolean denoises(Batch batch) {
      long steps = options.training().epochs()
          * EpochOrder.steps(batch.experience().train().size(), options.training().batch());
      return batch.step() < (long) (options.denoise() * steps);
    }

    @Override
    public Tensor gradient(Batch batch, Model model, Supplier<Tensor> atValues) {
      if (denoises(batch)) {
        return denoising(batch, model.parameters());
      }
      batchFeatures = Tensors.toFloats(model.features(batch.rows().stream().map(Example::input).toList()));
      return atValues.get();
    }

    /** The gradient of the denoising loss, flat as the parameters are. */
    private Tensor denoising(Batch batch, Parameters parameters) {
      Tensor gradient = Tensors.zeros(parameters.size());
      try (TensorOwner stepping = new TensorOwner(); TensorScope scope = TensorScope.training()) {
        denoisingLoss(batch, brick.adaptation(parameters.leaves(gradient, stepping))).backward();
      }
      return gradient;
    }

    /** A scalar. */
    Tensor denoisingLoss(Batch batch, Adaptation acting) {
      int width = backbone.width();
      List<Input> inputs = batch.rows().stream().map(Example::input).toList();
      float[][] whole = context.cache().states(inputs, FeatureCache.Frozen.BACKBONE, backbone.blocks());
      var rows = new ArrayList<Row>();
      var targets = new ArrayList<float[]>();
      var places = new ArrayList<int[]>();
      for (int row = 0; row < inputs.size(); row++) {
        int[] ids = ((Row.Tokens) context.cache().row(inputs.get(row))).ids();
        Hidden hidden = hidden(ids, CounterRandom.of(
            context.seed(), MASKED, batch.experience().index(), batch.step(), row));
        rows.add(hidden.row);
        for (int place : hidden.places) {
          places.add(new int[] {row, place});
          targets.add(Arrays.copyOfRange(whole[row], place * width, (place + 1) * width));
        }
      }
      Pass pass = backbone.pass(rows);
      Tensor states = pass.advance(pass.start(acting), 0, backbone.blocks(), acting);
      long length = states.size(1);
      long virtual = length - rows.stream().mapToInt(Row::length).max().orElse(0);
      float[] flat = new float[targets.size() * width];
      long[] found = new long[targets.size()];
      long[] own = new long[targets.size()];
      for (int i = 0; i < found.length; i++) {
        System.arraycopy(targets.get(i), 0, flat, i * width, width);
        found[i] = places.get(i)[0] * length + virtual + places.get(i)[1];
        own[i] = i;
      }
      Tensor restored = torch.normalize(Tensors.rows(states.reshape(-1, width), found));
      Tensor meant = torch.normalize(Tensors.floats(flat, own.length, width));
      return torch.cross_entropy_loss(
          torch.mm(restored, meant.t()).mul(new Scalar(1 / options.temperature())), Tensors.longs(own, own.length),
          new TensorOptional(), 1, -100, 0);
    }

    @Override
    public @Nullable Tensor outputLoss(Batch batch, Part part) {
      return options.contrast() == 0 ? null : contrast(part, batchFeatures);
    }

    /**
     * The contrast of a worker's rows, summed.
     *
     * @param all features of the batch's rows, one after another
     */
    Tensor contrast(Part part, float[] all) {
      List<Example> rows = part.batch();
      int count = rows.size();
      int own = part.positions().length;
      Tensor others = torch.normalize(Tensors.floats(all, count, all.length / count));
      Tensor logits = torch.mm(torch.normalize(part.features()), others.t()).mul(new Scalar(1 / options.temperature()));
      float[] self = new float[own * count];
      float[] alike = new float[own * count];
      for (int i = 0; i < own; i++) {
        int position = part.positions()[i];
        self[i * count + position] = -1e30f;
        int friends = 0;
        for (int other = 0; other < count; other++) {
          friends += other != position && rows.get(other).label().equals(rows.get(position).label()) ? 1 : 0;
        }
        for (int other = 0; other < count; other++) {
          boolean friend = other != position && rows.get(other).label().equals(rows.get(position).label());
          alike[i * count + other] = friend ? -1f / friends : 0;
        }
      }
      Tensor chances = torch.log_softmax(logits.add(Tensors.floats(self, own, count)), 1);
      return chances.mul(Tensors.floats(alike, own, count)).sum().mul(new Scalar(options.contrast()));
    }
  }
}
