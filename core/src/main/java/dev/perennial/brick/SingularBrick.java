package dev.perennial.brick;

import dev.perennial.FailureException;
import dev.perennial.backbone.LowRank;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A brick in the form of a singular value decomposition, {@code y = W x + b + scale B diag(E) A x}: row i of A, number i of
 * E and column i of B are a triplet. Which triplets count is a matter of whoever trains it; those whose number in E is 0
 * do nothing.
 */
abstract class SingularBrick extends SiteBrick implements Adjusting {

  private static final double DEVIATION = 0.02;
  private static final String IMPORTANCE = "importance";
  private static final String COUNTED = "counted";

  private final LoraOptions shape;
  private final double scale;
  private final Map<Site, Importance> importance = new HashMap<>();
  private final Map<Site, float[]> counted = new HashMap<>();
  private final List<Move> moves = new ArrayList<>();

  SingularBrick(String kind, LoraOptions shape, List<Site> sites, double scale) {
    super(kind, sites, shape.dropout());
    this.shape = shape;
    this.scale = scale;
  }

  /** Triplets that there is room for at a site. */
  abstract int room(Site site);

  /** Triplets that a new brick counts at a site. */
  abstract int first(Site site);

  /** Whether ranks are dealt out while it is trained, so that there is something to keep. */
  abstract boolean dealing();

  final LoraOptions shape() {
    return shape;
  }

  final void begin() {
    importance.clear();
    moves.clear();
    for (Site site : sites()) {
      importance.put(site, new Importance(room(site) * (site.in() + site.out() + 1)));
      float[] mask = new float[room(site)];
      Arrays.fill(mask, 0, first(site), 1);
      counted.put(site, mask);
      moves.add(new Move(site.name(), first(site), numbers(site, first(site)), 0, "laid out"));
    }
  }

  /** 1 for each triplet that counts at a site, else 0. */
  final float[] counted(Site site) {
    return of(counted, site);
  }

  final Importance importance(Site site) {
    return of(importance, site);
  }

  private static <T> T of(Map<Site, T> all, Site site) {
    T own = all.get(site);
    if (own == null) {
      throw new IllegalArgumentException("nothing is kept for " + site.name());
    }
    return own;
  }

  final int rank(Site site) {
    int rank = 0;
    for (float one : counted(site)) {
      rank += one == 0 ? 0 : 1;
    }
    return rank;
  }

  private static long numbers(Site site, int rank) {
    return (long) rank * (site.in() + site.out() + 1);
  }

  /** Lets other triplets count at a site, and says so if their number is another. */
  final void count(Site site, float[] mask, double sum, String why) {
    int before = rank(site);
    counted.put(site, mask);
    if (rank(site) != before) {
      moves.add(new Move(site.name(), rank(site), numbers(site, rank(site)), sum, why));
    }
  }

  @Override
  public final List<Move> moves() {
    List<Move> told = List.copyOf(moves);
    moves.clear();
    return told;
  }

  /** Notes values and gradients of all parameters. */
  final void observe(Parameters parameters, Tensor gradient) {
    for (Site site : sites()) {
      importance(site).observe(flat(parameters, parameters.values(), site), flat(parameters, gradient, site));
    }
  }

  private static float[] flat(Parameters parameters, Tensor all, Site site) {
    return Tensors.toFloats(Tensors.concat(0, parameters.view(all, name(site, "lora_A")).reshape(-1),
        parameters.view(all, name(site, "lora_B")).reshape(-1), parameters.view(all, name(site, "lora_E")).reshape(-1)));
  }

  /** The importance of a triplet: that of its number in E, and the means of its row of A and its column of B. */
  final double score(Site site, int triplet) {
    Importance own = importance(site);
    int room = room(site);
    double down = 0;
    for (int i = 0; i < site.in(); i++) {
      down += own.score(triplet * site.in() + i);
    }
    double up = 0;
    for (int i = 0; i < site.out(); i++) {
      up += own.score(room * site.in() + i * room + triplet);
    }
    return own.score(room * (site.in() + site.out()) + triplet) + down / site.in() + up / site.out();
  }

  @Override
  void shapesAt(Site site, Map<String, List<Long>> shapes) {
    long room = room(site);
    shapes.put(name(site, "lora_A"), List.of(room, (long) site.in()));
    shapes.put(name(site, "lora_B"), List.of((long) site.out(), room));
    shapes.put(name(site, "lora_E"), List.of(room, 1L));
  }

  @Override
  public void initialise(Parameters parameters, CounterRandom random) {
    var draws = new Draws(random);
    for (Site site : sites()) {
      int room = room(site);
      parameters.add(name(site, "lora_A"), draws.normal((long) room * site.in(), DEVIATION), room, site.in());
      parameters.add(name(site, "lora_B"), draws.normal((long) site.out() * room, DEVIATION), site.out(), room);
      parameters.add(name(site, "lora_E"), new float[room], room, 1);
    }
    if (dealing()) {
      begin();
    }
  }

  private LowRank product(Site site, Map<String, Tensor> tensors) {
    Tensor down = named(tensors, site, "lora_A").mul(named(tensors, site, "lora_E"));
    return new LowRank(down, named(tensors, site, "lora_B"), scale);
  }

  @Override
  SiteFunction at(Site site, Map<String, Tensor> tensors, Dropout drop) {
    LowRank product = product(site, tensors);
    return drop == Dropout.NONE ? product : (input, output) -> product.add(output, drop.of(site, input));
  }

  @Override
  public Delta delta(Site site, Map<String, Tensor> tensors) {
    LowRank product = product(site, tensors);
    return new Delta(torch.mm(product.up(), product.down()).mul(new Scalar(product.scale())), null);
  }

  /*
   * The penalty of both papers, weight times the mean over all A and B of |A A' - I|_F and |B' B - I|_F. The gradient of
   * |M - I|_F for M = A A' is 2 (M - I) A / |M - I|_F.
   */
  final void addOrthogonality(Parameters parameters, Tensor gradient, double weight) {
    double each = weight / (2 * sites().size());
    for (Site site : sites()) {
      if (room(site) > 0 && each > 0) {
        Tensor down = parameters.view(parameters.values(), name(site, "lora_A"));
        Tensors.addScaled(parameters.view(gradient, name(site, "lora_A")), pull(down), each);
        Tensor up = parameters.view(parameters.values(), name(site, "lora_B"));
        Tensors.addScaled(parameters.view(gradient, name(site, "lora_B")), pull(up.t()).t(), each);
      }
    }
  }

  private static Tensor pull(Tensor rows) {
    Tensor excess = torch.mm(rows, rows.t());
    excess.diagonal().sub_(Tensors.zeros(1).add(new Scalar(1)));
    double length = Math.max(Math.sqrt(excess.square().sum().item_double()), Float.MIN_NORMAL);
    return torch.mm(excess, rows).mul(new Scalar(2 / length));
  }

  @Override
  public Map<String, TensorData> fixed() {
    var fixed = new LinkedHashMap<String, TensorData>();
    for (Site site : dealing() ? sites() : List.<Site>of()) {
      if (!importance.containsKey(site)) {
        begin();
      }
      fixed.put(name(site, IMPORTANCE), importance(site).state());
      fixed.put(name(site, COUNTED), TensorData.of(counted(site).clone(), room(site)));
    }
    return fixed;
  }

  @Override
  public void restore(Map<String, TensorData> fixed) {
    if (!dealing()) {
      super.restore(fixed);
      return;
    }
    begin();
    moves.clear();
    for (Site site : sites()) {
      importance(site).restore(kept(fixed, name(site, IMPORTANCE), List.of(2L, numbers(site, room(site)))));
      counted.put(site, kept(fixed, name(site, COUNTED), List.of((long) room(site))).floats());
    }
  }

  private static TensorData kept(Map<String, TensorData> fixed, String name, List<Long> expected) {
    TensorData data = fixed.get(name);
    if (data == null || !data.shape().equals(expected)) {
      throw new FailureException("expected " + name + " to be F32 " + expected + " in a brick, found "
          + (data == null ? "none of that name" : data.toString()) + ": the brick was made with other options");
    }
    return data;
  }

  /** The same with the triplets alone that do something, as AdaLoRA, which is what PEFT knows. */
  @Override
  public SavedBrick settled(SavedBrick saved) {
    if (!dealing()) {
      return saved;
    }
    var ranks = new LinkedHashMap<Site, Double>();
    var tensors = new HashMap<String, TensorData>();
    int most = 1;
    for (Site site : sites()) {
      float[] sizes = tensor(saved, site, "lora_E").floats();
      int[] used = java.util.stream.IntStream.range(0, sizes.length).filter(i -> sizes[i] != 0).toArray();
      float[] down = tensor(saved, site, "lora_A").floats();
      float[] up = tensor(saved, site, "lora_B").floats();
      float[] keptDown = new float[used.length * site.in()];
      float[] keptUp = new float[site.out() * used.length];
      float[] keptSizes = new float[used.length];
      for (int i = 0; i < used.length; i++) {
        System.arraycopy(down, used[i] * site.in(), keptDown, i * site.in(), site.in());
        for (int row = 0; row < site.out(); row++) {
          keptUp[row * used.length + i] = up[row * sizes.length + used[i]];
        }
        keptSizes[i] = sizes[used[i]];
      }
      tensors.put(name(site, "lora_A"), TensorData.of(keptDown, used.length, site.in()));
      tensors.put(name(site, "lora_B"), TensorData.of(keptUp, site.out(), used.length));
      tensors.put(name(site, "lora_E"), TensorData.of(keptSizes, used.length, 1));
      ranks.put(site, (double) used.length);
      most = Math.max(most, used.length);
    }
    ranks.values().removeIf(rank -> rank == shape.rank());
    int initial = Math.max(most, shape.rank());
    var settings = AdaLora.Settings.settled(initial == shape.rank() ? 0 : initial, SitePatterns.text(ranks));
    var options = new BrickOptions(new BrickKinds.Choice<>(new AdaLora(), settings).text(),
        new LoraOptions(shape.rank(), scale * (initial + AdaLora.EPS), shape.dropout(), shape.sites()));
    return SavedBrick.of(options, tensors, Map.of(), saved.head().orElse(null), saved.provenance());
  }

  private static TensorData tensor(SavedBrick saved, Site site, String suffix) {
    TensorData data = saved.tensors().get(name(site, suffix));
    if (data == null) {
      throw new IllegalArgumentException("no tensor " + suffix + " of " + site.name());
    }
    return data;
  }
}
