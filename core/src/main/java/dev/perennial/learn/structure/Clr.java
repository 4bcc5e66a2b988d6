package dev.perennial.learn.structure;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/*
 * CLR: Channel-wise Lightweight Reprogramming for Continual Learning (arXiv 2307.11386). The anchor, a network that was
 * trained once, never changes. Behind each of its layers, a task has one small kernel for each channel:
 *   3x3 convolution:  y'_c = K_c * y_c,  K_c 3x3, the identity at first
 *   linear map:       y'_c = k_c y_c,    k_c 1 at first: a channel of one number has a kernel of one
 * and a head of its own, so that no task can spoil another. The paper's anchor was trained on ImageNet, and its linear
 * layers are not reprogrammed. Here the anchor is the pretrained backbone where there is one, else the network as the
 * first task trained it; and linear layers are reprogrammed too, as some networks have no others.
 */
/** Reprograms a network that never changes for each task, by a small kernel for each channel. */
@Technique(
    name = "clr",
    title = "CLR: Channel-wise Lightweight Reprogramming for Continual Learning",
    source = "arXiv 2307.11386",
    cost = "the steps of plain training, a forward pass for each task; keeps one network, and kernels for each task")
public final class Clr implements Method<Clr.Options> {

  /**
   * The options.
   *
   * @param training how it trains; of a pretrained backbone the sites are reprogrammed, rank and alpha have no effect
   * @param infer how the task of an input is told; default distance
   */
  public record Options(StructureOptions training, TaskInference infer) {}

  @Override
  public Options defaults() {
    return new Options(StructureOptions.DEFAULT, TaskInference.DISTANCE);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    var objective = new Reprogramming(options, context.backbone(), context.seed());
    return new GradientLearner(options.training().training(), context.on(objective.backbone()), objective);
  }

  static final class Reprogramming extends TaskNetworks {

    private static final long INITIAL = 71;
    private static final String CHANNELS = ".channels";
    private static final int KERNEL = 9;

    private final Layers anchor;
    private final List<Site> sites;
    private final List<Layers.Weight> kernels = new ArrayList<>();
    private final MadeBackbone backbone;
    private int acting = LIVE;
    private boolean reprogramming;

    Reprogramming(Options options, Backbone inner, long seed) {
      super(options.training().head(), options.infer());
      this.anchor = new Layers(inner, options.training().training().brick().requireLora("technique clr"), CounterRandom.of(seed, INITIAL));
      this.sites = anchor.frozen() ? options.training().training().brick().requireLora("technique clr").select(inner.sites()) : List.of();
      this.backbone = new Reprogrammed(inner);
      if (anchor.frozen()) {
        sites.forEach(site -> kernels.add(scales(site.name(), site.out())));
      } else {
        anchor.weights().stream().filter(weight -> weight.shape().length > 1).forEach(weight ->
            kernels.add(weight.shape().length == 4
                ? identities(weight.layer(), (int) weight.shape()[0])
                : scales(weight.layer(), (int) weight.shape()[0])));
      }
      this.reprogramming = anchor.frozen();
    }

    private static Layers.Weight scales(String layer, int channels) {
      float[] ones = new float[channels];
      Arrays.fill(ones, 1);
      return new Layers.Weight(layer + CHANNELS, layer, ones, channels);
    }

    private static Layers.Weight identities(String layer, int channels) {
      float[] centres = new float[channels * KERNEL];
      for (int c = 0; c < channels; c++) {
        centres[c * KERNEL + KERNEL / 2] = 1;
      }
      return new Layers.Weight(layer + CHANNELS, layer, centres, channels, 1, 3, 3);
    }

    MadeBackbone backbone() {
      return backbone;
    }

    /** Numbers of a task's kernels. */
    long kernelNumbers() {
      return kernels.stream().mapToLong(Layers.Weight::size).sum();
    }

    /** Once the first task has trained the anchor, kernels are trained instead. */
    @Override
    public boolean reshapes(Experience experience, Model model) {
      if (reprogramming || tasks().learned() == 0) {
        return false;
      }
      reprogramming = true;
      return true;
    }

    @Override
    public void begin(Experience experience, Model model, boolean fresh) {
      super.begin(experience, model, fresh);
      if (fresh && reprogramming) {
        Parameters parameters = model.parameters();
        for (Layers.Weight kernel : kernels) {
          parameters.view(parameters.values(), kernel.name()).copy_(Tensors.floats(kernel.initial(), kernel.shape()));
        }
      }
    }

    @Override
    Map<String, Tensor> own(Parameters parameters) {
      var tensors = new HashMap<String, Tensor>();
      (reprogramming ? kernels : anchor.weights()).forEach(
          weight -> tensors.put(weight.name(), parameters.view(parameters.values(), weight.name())));
      return tensors;
    }

    @Override
    void act(int task, Model model) {
      acting = task;
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      super.restore(state, past);
      reprogramming |= tasks().learned() > 1 || (tasks().learned() == 1 && tasks().live().length > 0);
    }

    private final class Reprogrammed extends MadeBackbone {

      private Reprogrammed(Backbone inner) {
        super(inner);
      }

      @Override
      public void initialise(Parameters parameters) {
        (reprogramming ? kernels : anchor.weights()).forEach(weight -> weight.addTo(parameters));
      }

      @Override
      Tensor features(Map<String, Tensor> trained, Inner through) {
        Map<String, Tensor> acts = acting == LIVE ? trained : kept().of(acting);
        if (anchor.frozen()) {
          return through.features(atSites(acts));
        }
        var weights = new HashMap<>(acts);
        if (kept().size() > 0) {
          kept().of(0).forEach(weights::putIfAbsent);
        }
        for (Layers.Weight kernel : kernels) {
          Tensor scale = acts.get(kernel.name());
          if (scale != null && kernel.shape().length == 1) {
            // k_c (w_c x + b_c): the kernel of a linear channel acts on its row and its bias.
            weights.computeIfPresent(kernel.layer(), (name, weight) -> weight.mul(scale.unsqueeze(1)));
            weights.computeIfPresent(kernel.layer() + ".weight", (name, weight) -> weight.mul(scale.unsqueeze(1)));
            weights.computeIfPresent(kernel.layer() + ".bias", (name, bias) -> bias.mul(scale));
          }
        }
        return through.features(Adaptation.ofWeights(weights));
      }

      private Adaptation atSites(Map<String, Tensor> acts) {
        var functions = new HashMap<Site, SiteFunction>();
        for (Site site : sites) {
          Tensor scale = acts.get(site.name() + CHANNELS);
          if (scale == null) {
            throw new IllegalStateException("every site that is reprogrammed has its kernels");
          }
          functions.put(site, (input, output) -> output.mul(Device.beside(output, scale)));
        }
        return Adaptation.ofSites(functions);
      }
    }
  }
}
