package dev.perennial.backbone;

import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** What acts on a backbone during one pass: bricks by site, virtual tokens, or weights of its own that are being trained. */
public final class Adaptation {

  /** The backbone alone. */
  public static final Adaptation NONE = new Adaptation(Map.of(), Map.of());

  private final Map<Integer, SiteFunction> bySite = new HashMap<>();
  private final Map<String, Tensor> weights;
  private final VirtualTokens tokens;
  private final int lowestBlock;
  private final boolean differsByRow;
  private final @Nullable Supplier<Adaptation> made;

  private Adaptation(Map<Site, SiteFunction> functions, Map<String, Tensor> weights) {
    functions.forEach((site, function) -> bySite.put(site.index(), function));
    this.weights = Collections.unmodifiableMap(weights);
    this.tokens = VirtualTokens.NONE;
    this.made = null;
    this.differsByRow = false;
    this.lowestBlock = weights.isEmpty()
        ? functions.keySet().stream().mapToInt(Site::block).min().orElse(Integer.MAX_VALUE)
        : 0;
  }

  Adaptation(Map<Integer, SiteFunction> bySite, VirtualTokens tokens, int lowestBlock, boolean differsByRow) {
    this.bySite.putAll(bySite);
    this.weights = Map.of();
    this.tokens = tokens;
    this.lowestBlock = lowestBlock;
    this.differsByRow = differsByRow;
    this.made = null;
  }

  private Adaptation(int lowestBlock, Supplier<Adaptation> made) {
    this.weights = Map.of();
    this.tokens = VirtualTokens.NONE;
    this.lowestBlock = lowestBlock;
    this.differsByRow = false;
    this.made = made;
  }

  /**
   * Bricks that are kept for many passes: what they make of their tensors is made anew in the scope of each pass.
   *
   * @param lowestBlock the first block that they may change
   * @param made makes them in the open scope
   */
  public static Adaptation forEachPass(int lowestBlock, Supplier<Adaptation> made) {
    return new Adaptation(lowestBlock, made);
  }

  /** This for one pass, with what has to be made for it in the open scope. */
  public Adaptation forPass() {
    return made == null ? this : made.get();
  }

  /** Bricks: at most one function a site; several bricks at a site are composed by whoever makes the map. */
  public static Adaptation ofSites(Map<Site, SiteFunction> functions) {
    return new Adaptation(functions, Map.of());
  }

  /**
   * Weights that stand in for a backbone's own, by the names under which {@link Backbone#initialise} added them; for a
   * text encoder by their names in Hugging Face's layout: the word embeddings, and weight and bias of every Linear and
   * LayerNorm. Where a convolution's weight is called {@code NAME.weight}, a tensor {@code NAME.channels} of {@code [channels, 1, 3, 3]} is
   * a kernel for each channel of what it gives, before the ReLU.
   */
  public static Adaptation ofWeights(Map<String, Tensor> weights) {
    return new Adaptation(Map.of(), weights);
  }

  /** Tokens before those of every row. */
  public static Adaptation ofTokens(VirtualTokens tokens) {
    return new Adaptation(Map.of(), tokens, tokens.isEmpty() ? Integer.MAX_VALUE : 0, false);
  }

  /**
   * Several bricks at once, in that order: at a site the first is given what the frozen map made, every other one what
   * the one before it made, and all of them the input of the frozen map. Bricks that add to the output so add up.
   *
   * @throws IllegalArgumentException if one of them stands in for weights
   */
  public static Adaptation together(List<Adaptation> bricks) {
    var functions = new HashMap<Integer, SiteFunction>();
    VirtualTokens tokens = VirtualTokens.NONE;
    int lowest = Integer.MAX_VALUE;
    boolean byRow = false;
    for (Adaptation brick : bricks) {
      brick.requireNoWeights();
      brick.bySite.forEach((site, function) -> functions.merge(
          site, function, (first, second) -> (input, output) -> second.apply(input, first.apply(input, output))));
      tokens = tokens.and(brick.tokens);
      lowest = Math.min(lowest, brick.lowestBlock);
      byRow |= brick.differsByRow;
    }
    return new Adaptation(functions, tokens, lowest, byRow);
  }

  /**
   * Different bricks for different rows of one batch, which goes through the backbone in one pass.
   *
   * @param choices what there is to choose from; {@link #NONE} among them for rows with the backbone alone
   * @param rows for each row of the batch, in order, its place in {@code choices}
   * @throws dev.perennial.UsageException if they have different numbers of virtual tokens
   * @throws IllegalArgumentException if one of them stands in for weights, or a row chooses none of them
   */
  public static Adaptation byRow(List<Adaptation> choices, int... rows) {
    return new RowChoices(choices).of(rows);
  }

  /** The places of the sites at which something acts. */
  Set<Integer> sites() {
    return bySite.keySet();
  }

  void requireNoWeights() {
    if (!weights.isEmpty()) {
      throw new IllegalArgumentException("weights that stand in for a backbone's own act alone");
    }
  }

  /** What acts at a site, or null where the frozen map stands alone. */
  public @Nullable SiteFunction at(int siteIndex) {
    if (made != null) {
      throw new IllegalStateException("forPass() comes first");
    }
    return bySite.get(siteIndex);
  }

  /** The weight of that name, or {@code own} where none stands in for it. */
  public Tensor weight(String name, Tensor own) {
    return weights.getOrDefault(name, own);
  }

  /** All weights that stand in for a backbone's own, by name. */
  public Map<String, Tensor> weights() {
    return weights;
  }

  /** Tokens before those of every row. */
  VirtualTokens tokens() {
    return tokens;
  }

  /** Whether it does different things to different rows, for which it counts on rows of one length. */
  boolean differsByRow() {
    return differsByRow;
  }

  /** The first block that it may change: those below give what the backbone alone gives. */
  int lowestBlock() {
    return lowestBlock;
  }
}
