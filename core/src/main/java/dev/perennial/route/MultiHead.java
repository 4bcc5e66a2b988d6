package dev.perennial.route;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.LowRank;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.brick.Lora;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.Tensors;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Poly and multi-head routing: every task has a LoRA brick of its own, mixed from a few skills that all tasks share; with
 * several heads each slice of the features is mixed with weights of its own. Skills and weights are learned together.
 *
 * <p>One head is Poly, several are MHR. A new task learns all of it, its weights alone (MHR-z), or the mean of the skills
 * as one brick (MHR-mu): see {@link Adapting}.
 *
 * <p>Source: "Multi-Head Adapter Routing for Cross-Task Generalization" (arXiv 2211.03831); Poly is Ponti et al. 2023.
 */
public final class MultiHead implements Router {

  /*
   * Tasks t, heads h, skills s. At a site A_s is cut along its inputs, B_s along its outputs, into one slice a head.
   *
   *   w[t, h, s] = sigmoid(Z[t, h, s]) / (sum over s of sigmoid(Z[t, h, s]) + 1e-12)
   *   A[t, h]    = sum over s of w[t, h, s] A_s[h]       B[t, h] likewise; the slices are then joined again
   *   y          = W x + alpha / rank * B[t] A[t] x      A and B are mixed apart: the product is no mixture of products
   *
   * The row of a task that is not known is the mean of the rows of Z. Begun at Z uniform in (-0.001, 0.001), A uniform in
   * (-b, b) with b = gain / sqrt(in), gain = sqrt(2 / (1 + 5)), B = 0.
   */

  /** The name of Z, {@code [tasks, heads * skills]}. */
  public static final String ROUTING = "routing";

  private static final double EPSILON = 1e-12;

  private final Options options;
  private final List<Site> sites;
  private final Map<String, Tensor> tensors;

  /**
   * How it is laid out.
   *
   * @param skills shared by all tasks, at least 1; default 8
   * @param heads 1 for Poly; must divide what every site takes in and gives; default 1
   * @param rank of every skill, at least 1; default 4
   * @param alpha the product is multiplied by alpha / rank; default 16
   */
  public record Options(int skills, int heads, int rank, double alpha) {

    /** Poly, with eight skills of rank 4. */
    public static final Options DEFAULT = new Options(8, 1, 4, 16);

    /** Checks the ranges. */
    public Options {
      if (skills < 1 || heads < 1 || rank < 1 || !(alpha > 0) || Double.isInfinite(alpha)) {
        throw new UsageException("expected skills, heads and rank of at least 1 and an alpha above 0, got skills=" + skills
            + ", heads=" + heads + ", rank=" + rank + ", alpha=" + alpha);
      }
    }
  }

  /** What a new task learns. */
  public enum Adapting {
    /** Skills and weights: Poly, MHR. */
    ALL,
    /** Its weights alone: MHR-z. */
    ROUTING_ONLY,
    /** One brick, begun as the mean of the skills, without routing: MHR-mu. See {@link MultiHead#mean}. */
    MEAN
  }

  /**
   * Routing with these tensors.
   *
   * @param tensors as {@link #initialise} laid them out, which must live as long as this is used
   * @throws UsageException if the heads do not divide the features of a site
   */
  public MultiHead(Options options, List<Site> sites, Map<String, Tensor> tensors) {
    requireDivided(options, sites);
    this.options = options;
    this.sites = List.copyOf(sites);
    this.tensors = Map.copyOf(tensors);
  }

  private static void requireDivided(Options options, List<Site> sites) {
    for (Site site : sites) {
      if (site.in() % options.heads != 0 || site.out() % options.heads != 0) {
        throw new UsageException("expected heads that divide the " + site.in() + " features into and " + site.out()
            + " features out of " + site.name() + ", got " + options.heads);
      }
    }
  }

  /** The name of the A of all skills at a site, {@code [skills, heads, in / heads, rank]}. */
  public static String nameOfA(Site site) {
    return site.name() + ".skills_A";
  }

  /** The name of the B of all skills at a site, {@code [skills, rank, heads, out / heads]}. */
  public static String nameOfB(Site site) {
    return site.name() + ".skills_B";
  }

  /**
   * Adds all tensors at their initial values, which change nothing yet; the routing is the last.
   *
   * @param tasks known from the start
   */
  public static void initialise(
      Options options, List<Site> sites, int tasks, Parameters parameters, CounterRandom random) {
    requireDivided(options, sites);
    long index = 0;
    for (Site site : sites) {
      float[] a = new float[Math.multiplyExact(options.skills * options.rank, site.in())];
      double bound = Math.sqrt(2.0 / 6) / Math.sqrt(site.in());
      for (int i = 0; i < a.length; i++) {
        a[i] = (float) ((2 * random.uniform(index++) - 1) * bound);
      }
      parameters.add(nameOfA(site), a, options.skills, options.heads, site.in() / options.heads, options.rank);
      parameters.add(nameOfB(site), new float[options.skills * options.rank * site.out()], options.skills, options.rank,
          options.heads, site.out() / options.heads);
    }
    float[] z = new float[tasks * options.heads * options.skills];
    for (int i = 0; i < z.length; i++) {
      z[i] = (float) ((2 * random.uniform(index++) - 1) * 1e-3);
    }
    parameters.add(ROUTING, z, tasks, (long) options.heads * options.skills);
  }

  /** The names of the tensors that a new task trains. */
  public static Set<String> trained(List<Site> sites, Adapting adapting) {
    var names = new LinkedHashSet<String>();
    if (adapting == Adapting.ALL) {
      sites.forEach(site -> names.addAll(List.of(nameOfA(site), nameOfB(site))));
    }
    if (adapting != Adapting.MEAN) {
      names.add(ROUTING);
    } else {
      sites.forEach(site -> names.addAll(List.of(Lora.nameOfA(site), Lora.nameOfB(site))));
    }
    return names;
  }

  /**
   * {@inheritDoc}
   *
   * @param tasks {@code [rows]}, int64; a task that is not known is any number below 0 or beyond the last
   * @return {@code [rows, heads * skills]}: the weights of each head add up to 1, the first head's first
   */
  @Override
  public Tensor weights(Tensor tasks) {
    Tensor z = named(ROUTING);
    long known = z.size(0);
    long[] rows = Tensors.toLongs(tasks);
    for (int i = 0; i < rows.length; i++) {
      rows[i] = rows[i] < 0 || rows[i] >= known ? known : rows[i];
    }
    Tensor all = Tensors.concat(0, z, z.mean(0).unsqueeze(0));
    Tensor open = torch.sigmoid(all.index_select(0, Device.beside(z, Tensors.longs(rows, rows.length))))
        .view(rows.length, options.heads, options.skills);
    Tensor sum = open.matmul(torch.ones_like(open.narrow(0, 0, 1).narrow(1, 0, 1)).view(options.skills, 1));
    return open.div(sum.add(new Scalar(EPSILON))).view(rows.length, (long) options.heads * options.skills);
  }

  /**
   * What the bricks of tasks do, each row of a batch with that of its task.
   *
   * @param tasks the task of every row, as {@link #weights} takes them
   */
  public Adaptation adaptation(long... tasks) {
    long[] fixed = tasks.clone();
    int lowest = sites.stream().mapToInt(Site::block).min().orElse(Integer.MAX_VALUE);
    return Adaptation.forEachPass(lowest, () -> {
      Tensor weights = weights(Tensors.longs(fixed, fixed.length)).view(fixed.length, options.heads, options.skills);
      var functions = new HashMap<Site, SiteFunction>();
      sites.forEach(site -> functions.put(site, at(site, weights)));
      return Adaptation.ofSites(functions);
    });
  }

  /** {@code [rows, in, rank]} of weights {@code [rows, heads, skills]}. */
  private Tensor mixedA(Site site, Tensor weights) {
    return torch.einsum("bhs,shir->bhir", new TensorVector(weights, named(nameOfA(site))))
        .reshape(weights.size(0), site.in(), options.rank);
  }

  /** {@code [rows, rank, out]} of weights {@code [rows, heads, skills]}. */
  private Tensor mixedB(Site site, Tensor weights) {
    return torch.einsum("bhs,srho->brho", new TensorVector(weights, named(nameOfB(site))))
        .reshape(weights.size(0), options.rank, site.out());
  }

  private SiteFunction at(Site site, Tensor weights) {
    long rows = weights.size(0);
    Tensor a = mixedA(site, weights);
    Tensor b = mixedB(site, weights);
    return (input, output) -> {
      if (input.size(0) % rows != 0) {
        throw new IllegalArgumentException(
            "tasks were told for " + rows + " rows, and the batch has " + input.size(0) + " tokens, which do not divide");
      }
      Tensor low = torch.bmm(input.reshape(rows, input.size(0) / rows, site.in()), Device.beside(input, a));
      Tensor added = torch.bmm(low, Device.beside(input, b)).reshape(output.shape());
      return output.add(added, new Scalar(options.alpha / options.rank));
    };
  }

  /**
   * The mean of the skills as the tensors of one LoRA brick of the same rank and alpha, by its names, in the open scope:
   * what MHR-mu begins with.
   */
  public Map<String, Tensor> mean() {
    var mean = new TreeMap<String, Tensor>();
    for (Site site : sites) {
      mean.put(Lora.nameOfA(site), named(nameOfA(site)).mean(0).view(site.in(), options.rank).t().contiguous());
      mean.put(Lora.nameOfB(site), named(nameOfB(site)).mean(0).view(options.rank, site.out()).t().contiguous());
    }
    return mean;
  }

  /**
   * The brick of a task as the tensors of one LoRA brick of the same rank and alpha, by its names, in the open scope: A and
   * B are mixed apart, so that what they give is a LoRA brick again.
   *
   * @param task as {@link #weights} takes it
   */
  public Map<String, Tensor> brick(long task) {
    Tensor weights = weights(Tensors.longs(new long[] {task}, 1)).view(1, options.heads, options.skills);
    var brick = new TreeMap<String, Tensor>();
    for (Site site : sites) {
      brick.put(Lora.nameOfA(site), mixedA(site, weights).select(0, 0).t().contiguous());
      brick.put(Lora.nameOfB(site), mixedB(site, weights).select(0, 0).t().contiguous());
    }
    return brick;
  }

  /**
   * The skills that are low-rank bricks, laid out as {@link #initialise} lays them out, in the open scope. Ranks are
   * filled up with zeros, the scale of a brick goes to its B: with these, alpha is the rank. A brick that does not act at a
   * site is a skill of zeros there.
   *
   * @param bricks at least one, what each of them does
   * @param options of as many skills, and a rank of at least that of each brick
   * @throws UsageException if a brick acts in another way, or the heads do not divide the features of a site
   */
  public static Map<String, Tensor> skills(Options options, List<Site> sites, List<Adaptation> bricks) {
    requireDivided(options, sites);
    var tensors = new TreeMap<String, Tensor>();
    for (Site site : sites) {
      Tensor[] a = new Tensor[bricks.size()];
      Tensor[] b = new Tensor[bricks.size()];
      for (int skill = 0; skill < a.length; skill++) {
        SiteFunction function = bricks.get(skill).at(site.index());
        if (function instanceof LowRank(Tensor down, Tensor up, double scale)) {
          long missing = options.rank - down.size(0);
          a[skill] = torch.constant_pad_nd(down.t(), new long[] {0, missing}).unsqueeze(0);
          b[skill] = torch.constant_pad_nd(up.t().mul(new Scalar(scale)), new long[] {0, 0, 0, missing}).unsqueeze(0);
        } else if (function == null) {
          a[skill] = Tensors.zeros(1, site.in(), options.rank);
          b[skill] = Tensors.zeros(1, options.rank, site.out());
        } else {
          throw new UsageException("expected LoRA bricks to mix skills of, got one of another kind at " + site.name()
              + ": choose others");
        }
      }
      tensors.put(nameOfA(site), Tensors.concat(0, a)
          .view(a.length, options.heads, site.in() / options.heads, options.rank));
      tensors.put(nameOfB(site), Tensors.concat(0, b)
          .view(b.length, options.rank, options.heads, site.out() / options.heads));
    }
    return tensors;
  }

  private Tensor named(String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("expected a tensor " + name + " in multi-head routing");
    }
    return tensor;
  }
}
