package dev.perennial.engine;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.LowRank;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.brick.Brick;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Example;
import dev.perennial.route.MultiHead;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;

/**
 * Makes the brick of a new task of the LoRA bricks of a collection, which are the skills of {@link MultiHead}: with a head
 * of its own, and Poly, MHR, MHR-z or MHR-mu (arXiv 2211.03831). What comes is one LoRA brick.
 *
 * <p>AdamW at a rate of 0.001, or 0.01 where the weights of skills alone are learned, on batches of 32 examples.
 */
public final class SkillLearning {

  private static final String HEAD = "head";
  private static final int WARM_UP = 10;
  private static final int BATCH = 32;

  private final BrickCollection bricks;
  private final Way way;
  private final MultiHead.Options options;
  private final List<Site> sites;

  /** What is learned. */
  public enum Way {
    /** Skills and one weight for each: Poly. */
    POLY,
    /** Skills, and a weight for each slice of features. */
    MHR,
    /** The weights alone. */
    MHR_Z,
    /** One brick that begins as the mean of the skills. */
    MHR_MU;

    /** The name it is asked for by. */
    public String id() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private MultiHead.Adapting adapting() {
      return switch (this) {
        case POLY, MHR -> MultiHead.Adapting.ALL;
        case MHR_Z -> MultiHead.Adapting.ROUTING_ONLY;
        case MHR_MU -> MultiHead.Adapting.MEAN;
      };
    }
  }

  /**
   * Learning over a collection.
   *
   * @param heads slices of the features; Poly and MHR-mu have one, whatever is asked
   * @throws UsageException if a brick is none of low rank, or the heads do not divide the features of a site
   */
  public SkillLearning(BrickCollection bricks, Way way, int heads) {
    this.bricks = bricks;
    this.way = way;
    sites = bricks.backbone().sites().stream()
        .filter(site -> bricks.experts().stream().anyMatch(expert -> expert.brick().sites().contains(site))).toList();
    int rank = 1;
    for (Adaptation brick : alone()) {
      for (Site site : sites) {
        SiteFunction function = brick.at(site.index());
        rank = function instanceof LowRank map ? Math.max(rank, (int) map.down().size(0)) : rank;
      }
    }
    boolean sliced = way == Way.MHR || way == Way.MHR_Z;
    options = new MultiHead.Options(bricks.names().size(), sliced ? heads : 1, rank, rank);
    try (TensorScope scope = TensorScope.inference()) {
      MultiHead.skills(options, sites, alone());
    }
  }

  private List<Adaptation> alone() {
    return bricks.experts().stream().map(expert -> expert.brick().adaptation(expert.tensors()).forPass()).toList();
  }

  /**
   * Learns a brick with its head.
   *
   * @param examples at least one
   * @param steps of 32 examples
   * @param progress is told how many steps are done, after each
   */
  public SavedBrick learn(List<Example> examples, int steps, IntConsumer progress) {
    List<String> classes = examples.stream().map(Example::label).distinct().sorted().toList();
    Backbone backbone = bricks.backbone();
    var lora = new BrickOptions("lora", new LoraOptions(options.rank(), options.alpha(), 0,
        sites.stream().map(Site::name).collect(Collectors.joining("|"))));
    Brick layout = lora.on(backbone);
    try (var parameters = new Parameters(); TensorScope scope = TensorScope.inference()) {
      Map<String, Tensor> skills = MultiHead.skills(options, sites, alone());
      skills.put(MultiHead.ROUTING, Tensors.zeros(1, (long) options.heads() * options.skills()));
      Map<String, Tensor> start = way == Way.MHR_MU ? new MultiHead(options, sites, skills).mean() : skills;
      for (String name : MultiHead.trained(sites, way.adapting())) {
        Tensor first = start.get(name);
        if (first == null) {
          throw new IllegalStateException("there is no " + name + " to begin with");
        }
        parameters.add(name, Tensors.toFloats(first), first.shape());
      }
      parameters.add(HEAD, new float[classes.size() * (backbone.width() + 1)], classes.size(), backbone.width() + 1L);
      double rate = way == Way.MHR_Z ? 1e-2 : 1e-3;
      new HeadFit(backbone, rate, WARM_UP, BATCH, progress).run(parameters, examples, classes, steps, (rows, leaves) -> {
        Adaptation acting = way == Way.MHR_MU
            ? layout.adaptation(leaves)
            : routing(skills, leaves).adaptation(new long[rows.size()]);
        return HeadFit.Output.of(head(leaves).of(bricks.features(rows, acting)));
      });
      Map<String, Tensor> learned = parameters.views();
      Map<String, Tensor> brick = way == Way.MHR_MU ? learned : routing(skills, learned).brick(0);
      var tensors = new TreeMap<String, TensorData>();
      layout.shapes().keySet().forEach(name -> {
        Tensor tensor = brick.get(name);
        if (tensor != null) {
          tensors.put(name, TensorData.of(Tensors.toFloats(tensor), tensor.shape()));
        }
      });
      LinearScores head = head(learned);
      return SavedBrick.of(lora, tensors, Map.of(),
          new SavedBrick.Head("linear-head", classes,
              TensorData.of(Tensors.toFloats(head.weight()), head.weight().shape()),
              TensorData.of(Tensors.toFloats(head.bias()), head.bias().shape())),
          Provenance.of("", 0, way.id(), "", backbone).withParents(bricks.names().toArray(String[]::new)));
    }
  }

  /** The skills with what is learned in the place of their own. */
  private MultiHead routing(Map<String, Tensor> skills, Map<String, Tensor> learned) {
    var tensors = new TreeMap<>(skills);
    skills.keySet().stream().filter(learned::containsKey).forEach(name -> tensors.put(name, learned.get(name)));
    return new MultiHead(options, sites, tensors);
  }

  private LinearScores head(Map<String, Tensor> tensors) {
    Tensor rows = tensors.get(HEAD);
    if (rows == null) {
      throw new IllegalStateException("the head is a parameter");
    }
    int width = bricks.backbone().width();
    return new LinearScores(rows.narrow(1, 0, width), rows.select(1, width));
  }
}
