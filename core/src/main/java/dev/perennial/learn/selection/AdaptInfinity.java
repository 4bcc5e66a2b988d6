package dev.perennial.learn.selection;

import dev.perennial.UsageException;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.cluster.PartitivePartitioning;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
import dev.perennial.learn.Objective;
import dev.perennial.learn.Technique;
import dev.perennial.learn.replay.StoredExamples;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * Adapt-infinity: Scalable Lifelong Multimodal Instruction Tuning via Dynamic Data Selection (arXiv 2410.10636), for texts.
 * Candidates of an experience are its rows and a pool of former ones. With z the features of a row by the frozen network
 * and p the model's answer,
 *
 *   vector(x)  = [z / |z|, g / |g|]          g = (p - y) W, the gradient of the loss with respect to what the head is given
 *   skills     = clusters of these vectors, as many as they tell of (arXiv 2003.04372)
 *   scorers    = loss, margin (p of the best other class - p of the label), entropy of p, length of p - y
 *   selector of a skill = the scorer whose scores in it, put into BINS bins, have the greatest entropy
 *   learned    = of every skill its share of `selected` rows, drawn evenly from the bins of its selector's scores
 *   pool       = afterwards of every skill its share of `memory` rows: those that are most alike others are dropped for good
 *
 * Alike is the cosine of z with the nearest row of the skill that is still there. Rows of the past come out of the pool.
 */
/** Learns a chosen part of old and new rows, by skills, and drops what is redundant for good. */
@Technique(
    name = "adapt-infinity",
    title = "Adapt-infinity: Scalable Lifelong Multimodal Instruction Tuning via Dynamic Data Selection",
    source = "arXiv 2410.10636",
    cost = "epochs x the selected rows, a pass over old and new rows, and their clustering; keeps a pool of rows")
public final class AdaptInfinity implements Method<AdaptInfinity.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param selected rows that an experience learns at most, old and new together, 1 to 10 million; default 1000
   * @param memory rows of the pool, 1 to 100000; default 500
   * @param skills clusters at most, 1 to 1000; default 20
   */
  public record Options(GradientOptions training, int selected, int memory, int skills) {

    /** Checks the ranges. */
    public Options {
      if (selected < 1 || selected > 10_000_000) {
        throw new UsageException("expected selected between 1 and 10000000 rows, got " + selected);
      }
      if (memory < 1 || memory > 100_000) {
        throw new UsageException("expected a memory between 1 and 100000 examples, got " + memory);
      }
      if (skills < 1 || skills > 1000) {
        throw new UsageException("expected skills between 1 and 1000, got " + skills);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT, 1000, 500, 20);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new Selection(options, context));
  }

  static final class Selection implements Objective {

    private static final String POOL = "pool";
    private static final String CHOSEN = "chosen";
    private static final long CLUSTERED = 97;
    private static final long DRAWN = 98;
    private static final int BINS = 10;

    private final Options options;
    private final LearnerContext context;
    private List<Example> pool = List.of();
    /** The candidates that the experience learns, by place: the pool's rows come first, then those that arrived. */
    private int[] chosen = new int[0];
    private int chosenFor = -1;
    /** What was learned of the experience that ended last, so that its steps stay as many when the pool has changed. */
    private List<Example> learned = List.of();
    private int learnedFor = -1;

    Selection(Options options, LearnerContext context) {
      this.options = options;
      this.context = context;
    }

    List<Example> pool() {
      return pool;
    }

    private List<Example> candidates(Experience experience) {
      var all = new ArrayList<>(pool);
      all.addAll(experience.train());
      return all;
    }

    /** What is learned; before it is chosen, as many rows, so that the steps can be counted. */
    @Override
    public List<Example> rows(Experience experience) {
      if (learnedFor == experience.index()) {
        return learned;
      }
      List<Example> all = candidates(experience);
      return chosenFor == experience.index()
          ? Arrays.stream(chosen).mapToObj(all::get).toList()
          : all.subList(0, Math.min(options.selected(), all.size()));
    }

    @Override
    public void begin(Experience experience, Model model, boolean fresh) {
      List<Example> all = candidates(experience);
      context.cache().register(inputs(all));
      if (fresh) {
        int[] skills = skills(all, model, experience.index());
        chosen = chosen(skills, scores(all, model), options.selected(), experience.index());
        chosenFor = experience.index();
      }
    }

    private static List<Input> inputs(List<Example> rows) {
      return rows.stream().map(Example::input).toList();
    }

    /** The cluster of each row. */
    private int[] skills(List<Example> rows, Model model, int experience) {
      Tensor features = torch.normalize(frozen(rows));
      Parameters parameters = model.parameters();
      String head = parameters.names().getLast();
      Tensor weights = parameters.view(parameters.values(), head).narrow(0, 0, model.classes().size());
      int width = Math.min(context.backbone().width(), (int) weights.size(1));
      Tensor gradients = torch.mm(errors(rows, model), weights.narrow(1, 0, width));
      float[] flat = Tensors.toFloats(Tensors.concat(1, features, torch.normalize(gradients)));
      int size = flat.length / rows.size();
      float[][] vectors = IntStream.range(0, rows.size())
          .mapToObj(row -> Arrays.copyOfRange(flat, row * size, (row + 1) * size)).toArray(float[][]::new);
      PartitivePartitioning.Options usual = PartitivePartitioning.Options.DEFAULT;
      var search = new PartitivePartitioning.Options(
          options.skills(), 4, usual.rows(), usual.dimensions(), usual.agreement());
      return PartitivePartitioning.of(vectors, search, CounterRandom.of(context.seed(), CLUSTERED).at(experience)).labels();
    }

    private Tensor frozen(List<Example> rows) {
      return context.cache().features(inputs(rows), FeatureCache.Frozen.BACKBONE);
    }

    /** p - y, {@code [rows, classes]}. */
    private static Tensor errors(List<Example> rows, Model model) {
      Tensor chances = torch.softmax(model.logits(rows), 1);
      long[] labels = model.classes().indicesOf(rows);
      float[] truth = new float[labels.length * (int) chances.size(1)];
      for (int row = 0; row < labels.length; row++) {
        truth[row * (int) chances.size(1) + (int) labels[row]] = 1;
      }
      return chances.sub(Tensors.floats(truth, chances.shape()));
    }

    /** For each scorer the scores of all rows. */
    private static double[][] scores(List<Example> rows, Model model) {
      double[] chances = Tensors.toDoubles(torch.softmax(model.logits(rows), 1));
      return scores(chances, model.classes().indicesOf(rows));
    }

    /** Loss, margin, entropy and length of the error, each for all rows, of their chances. */
    static double[][] scores(double[] chances, long[] labels) {
      int classes = chances.length / Math.max(1, labels.length);
      double[][] scores = new double[4][labels.length];
      for (int row = 0; row < labels.length; row++) {
        double own = chances[row * classes + (int) labels[row]];
        double other = 0;
        double squares = 0;
        for (int c = 0; c < classes; c++) {
          double chance = chances[row * classes + c];
          other = c == labels[row] ? other : Math.max(other, chance);
          scores[2][row] -= chance > 0 ? chance * Math.log(chance) : 0;
          squares += Math.pow(c == labels[row] ? 1 - chance : chance, 2);
        }
        scores[0][row] = -Math.log(Math.max(own, 1e-30));
        scores[1][row] = other - own;
        scores[3][row] = Math.sqrt(squares);
      }
      return scores;
    }

    /** The bin of each of some scores: bins of equal width between the least and the greatest. */
    static int[] bins(double[] scores, int[] rows) {
      double least = Arrays.stream(rows).mapToDouble(row -> scores[row]).min().orElse(0);
      double most = Arrays.stream(rows).mapToDouble(row -> scores[row]).max().orElse(0);
      return Arrays.stream(rows)
          .map(row -> most > least ? Math.min(BINS - 1, (int) (BINS * (scores[row] - least) / (most - least))) : 0)
          .toArray();
    }

    /** The entropy of how rows spread over bins. */
    static double entropy(int[] bins) {
      double entropy = 0;
      for (int bin = 0; bin < BINS; bin++) {
        int wanted = bin;
        double share = Arrays.stream(bins).filter(own -> own == wanted).count() / (double) bins.length;
        entropy -= share > 0 ? share * Math.log(share) : 0;
      }
      return entropy;
    }

    /** The places of what is learned, in ascending order: of every skill its share, spread over its selector's bins. */
    int[] chosen(int[] skills, double[][] scores, int count, int experience) {
      if (count >= skills.length) {
        return IntStream.range(0, skills.length).toArray();
      }
      var all = new ArrayList<Integer>();
      int[][] members = members(skills);
      int[] shares = shares(members, count);
      for (int skill = 0; skill < members.length; skill++) {
        int[] rows = members[skill];
        int[] best = new int[0];
        for (double[] scorer : scores) {
          int[] bins = bins(scorer, rows);
          best = best.length == 0 || entropy(bins) > entropy(best) ? bins : best;
        }
        int[] order = CounterRandom.of(context.seed(), DRAWN, experience, skill).permutation(rows.length);
        all.addAll(spread(rows, best, order, shares[skill]));
      }
      return all.stream().mapToInt(Integer::intValue).sorted().toArray();
    }

    /** So many of some rows, one from every bin in turn. */
    private static List<Integer> spread(int[] rows, int[] bins, int[] order, int count) {
      var drawn = new ArrayList<Integer>();
      boolean[] taken = new boolean[rows.length];
      for (int bin = 0; drawn.size() < count; bin = (bin + 1) % BINS) {
        for (int place : order) {
          if (!taken[place] && bins[place] == bin) {
            taken[place] = true;
            drawn.add(rows[place]);
            break;
          }
        }
      }
      return drawn;
    }

    private static int[][] members(int[] skills) {
      int count = Arrays.stream(skills).max().orElse(-1) + 1;
      return IntStream.range(0, count)
          .mapToObj(skill -> IntStream.range(0, skills.length).filter(row -> skills[row] == skill).toArray())
          .toArray(int[][]::new);
    }

    /** How many of {@code count} rows each skill gets: by its size, what is left over to the first ones with room. */
    static int[] shares(int[][] members, int count) {
      int total = Arrays.stream(members).mapToInt(rows -> rows.length).sum();
      int[] shares = Arrays.stream(members).mapToInt(rows -> (int) ((long) count * rows.length / total)).toArray();
      int left = Math.min(count, total) - Arrays.stream(shares).sum();
      for (int skill = 0; left > 0; skill = (skill + 1) % shares.length) {
        if (shares[skill] < members[skill].length) {
          shares[skill]++;
          left--;
        }
      }
      return shares;
    }

    /** Drops candidates that are most alike others for good. */
    @Override
    public void end(Experience experience, Model model) {
      learned = rows(experience);
      learnedFor = experience.index();
      List<Example> all = candidates(experience);
      if (all.size() > options.memory()) {
        int[][] members = members(skills(all, model, experience.index()));
        int[] shares = shares(members, options.memory());
        float[] units = Tensors.toFloats(torch.normalize(frozen(all)));
        var kept = new ArrayList<Integer>();
        for (int skill = 0; skill < members.length; skill++) {
          kept.addAll(pruned(members[skill], units, units.length / all.size(), shares[skill]));
        }
        pool = kept.stream().sorted().map(all::get).toList();
      } else {
        pool = List.copyOf(all);
      }
      chosen = new int[0];
      chosenFor = -1;
    }

    /** What is left of some rows when, again and again, the one with the nearest neighbour goes; of two the later one. */
    static List<Integer> pruned(int[] rows, float[] units, int width, int count) {
      int n = rows.length;
      double[][] cosines = new double[n][n];
      for (int one = 0; one < n; one++) {
        for (int other = 0; other < one; other++) {
          double product = 0;
          for (int i = 0; i < width; i++) {
            product += (double) units[rows[one] * width + i] * units[rows[other] * width + i];
          }
          cosines[one][other] = product;
          cosines[other][one] = product;
        }
      }
      boolean[] gone = new boolean[n];
      double[] nearest = new double[n];
      for (int one = 0; one < n; one++) {
        nearest[one] = nearest(cosines[one], gone, one);
      }
      for (int left = n; left > count; left--) {
        int drop = -1;
        for (int one = 0; one < n; one++) {
          drop = !gone[one] && (drop < 0 || nearest[one] >= nearest[drop]) ? one : drop;
        }
        gone[drop] = true;
        for (int one = 0; one < n; one++) {
          if (!gone[one] && cosines[one][drop] == nearest[one]) {
            nearest[one] = nearest(cosines[one], gone, one);
          }
        }
      }
      return IntStream.range(0, n).filter(one -> !gone[one]).mapToObj(one -> rows[one]).toList();
    }

    private static double nearest(double[] cosines, boolean[] gone, int own) {
      double nearest = Double.NEGATIVE_INFINITY;
      for (int other = 0; other < cosines.length; other++) {
        nearest = other == own || gone[other] ? nearest : Math.max(nearest, cosines[other]);
      }
      return nearest;
    }

    @Override
    public List<StatePart> state() {
      return List.of(
          StatePart.of(POOL, Combine.UNION, StoredExamples.tensors(pool)),
          StatePart.of(CHOSEN, Combine.LATEST, Map.of(
              "rows", TensorData.of(chosen, chosen.length), "experience", TensorData.of(new long[] {chosenFor}, 1))));
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      past.forEach(context::register);
      pool = StoredExamples.examples(LearnerState.part(state, POOL).tensors());
      StatePart kept = LearnerState.part(state, CHOSEN);
      chosen = kept.tensor("rows").ints();
      chosenFor = (int) kept.tensor("experience").longs()[0];
    }

    @Override
    public long memoryBytes() {
      return StoredExamples.bytes(pool);
    }
  }
}
