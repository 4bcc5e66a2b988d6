package dev.perennial.learn.prototype;

import dev.perennial.UsageException;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Classes;
import dev.perennial.learn.EpochOrder;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/*
 * Discrete Key-Value Bottleneck (arXiv 2207.11240); the formulas stand in KeyValueCodes:
 *   experience 0, first: keys start at rows drawn at random, and follow the rows for some epochs, without labels
 *   then, and in all others: keys are frozen, and each row moves the few values that it fetches
 * The second needs no boundaries between experiences: a value changes only for inputs that are near its key.
 */
/** Sparse values behind frozen keys: what a new class changes, inputs elsewhere never see. */
@Technique(
    name = "dkvb",
    title = "Discrete Key-Value Bottleneck",
    source = "arXiv 2207.11240",
    cost = "epochs of lookups, rows x codebooks x keys; keeps keys and values and no sample")
public final class Dkvb implements Method<Dkvb.Options> {

  /**
   * The options.
   *
   * @param codebooks 1 to 4096; default 128
   * @param keys of each codebook, 2 to 65536, and at most 2^24 in all; default 512
   * @param keyWidth numbers in a key, 1 to 1024; default 12
   * @param keyEpochs passes over the first experience in which keys move, 0 to 1000; default 1
   * @param decay of the keys' moving averages, 0 to below 1; default 0.2
   * @param epochs passes over an experience in which values move, 1 to 1000; default 1
   * @param batch rows of a step, 1 to 4096; default 32
   * @param rate how far the values that a row fetches move along its softmax error, above 0 and at most 100; default
   *     0.1
   */
  public record Options(
      int codebooks, int keys, int keyWidth, int keyEpochs, double decay, int epochs, int batch, double rate) {

    /** Checks the ranges. */
    public Options {
      require(codebooks >= 1 && codebooks <= 4096, "codebooks between 1 and 4096", codebooks);
      require(keys >= 2 && keys <= 65536, "keys between 2 and 65536", keys);
      require((long) codebooks * keys <= 1 << 24, "at most 16777216 keys in all codebooks", (long) codebooks * keys);
      require(keyWidth >= 1 && keyWidth <= 1024, "keyWidth between 1 and 1024", keyWidth);
      require(keyEpochs >= 0 && keyEpochs <= 1000, "keyEpochs between 0 and 1000", keyEpochs);
      require(decay >= 0 && decay < 1, "a decay from 0 to below 1", decay);
      require(epochs >= 1 && epochs <= 1000, "epochs between 1 and 1000", epochs);
      require(batch >= 1 && batch <= 4096, "batch between 1 and 4096", batch);
      require(rate > 0 && rate <= 100, "a rate above 0 and at most 100", rate);
    }

    private static void require(boolean holds, String expected, Object value) {
      if (!holds) {
        throw new UsageException("expected " + expected + ", got " + value);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(128, 512, 12, 1, 0.2, 1, 32, 0.1);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new CodesLearner(options, context);
  }

  private static final class CodesLearner implements Learner {

    private static final long PROJECTIONS = 41;
    private static final long PLACES = 42;
    private static final String KEYS = "keys";
    private static final String VALUES = "values";

    /** Rows that are looked up at once. */
    private static final int LOOKUP = 64;

    private final Options options;
    private final LearnerContext context;
    private final Classes classes = new Classes();
    private final KeyValueCodes codes;
    private @Nullable EpochOrder order;
    private int begun = -1;
    private int lastExperience = -1;

    private CodesLearner(Options options, LearnerContext context) {
      this.options = options;
      this.context = context;
      this.codes = new KeyValueCodes(context.backbone().width(), options.codebooks(), options.keys(),
          options.keyWidth(), CounterRandom.of(context.seed(), PROJECTIONS));
    }

    private long keySteps(Experience experience) {
      return experience.index() == 0 ? options.keyEpochs() * stepsOfEpoch(experience) : 0;
    }

    private long stepsOfEpoch(Experience experience) {
      return EpochOrder.steps(experience.train().size(), options.batch());
    }

    @Override
    public long steps(Experience experience) {
      return keySteps(experience) + options.epochs() * stepsOfEpoch(experience);
    }

    @Override
    public void step(Experience experience, long step) {
      EpochOrder current = order;
      if (current == null || begun != experience.index()) {
        begun = experience.index();
        current = new EpochOrder(context.seed(), experience.index(), options.batch());
        order = current;
        context.register(experience);
      }
      if (step == 0) {
        grow(experience);
      }
      List<Example> rows = current.batch(experience.train(), step);
      Tensor features = features(rows.stream().map(Example::input).toList());
      if (step < keySteps(experience)) {
        codes.moveKeys(features, options.decay());
      } else {
        codes.freezeKeys();
        codes.learn(features, classes.indicesOf(rows), options.rate());
      }
    }

    private void grow(Experience experience) {
      long added = (long) classes.add(experience.classes()) * options.codebooks() * options.keys();
      if (codes.keyNumbers() == 0) {
        long places = (long) options.codebooks() * options.keys();
        long numbers = places * options.keyWidth();
        context.charge(experience, "keys", numbers, numbers * Float.BYTES);
        context.charge(experience, "counts of keys", 0, places * Float.BYTES);
        codes.place(drawn(experience.train()));
      }
      context.charge(experience, "values", added, added * Float.BYTES);
      codes.grow(classes.size());
      lastExperience = experience.index();
    }

    /** Features of as many rows as a codebook has keys, each row as often as any other, give or take one. */
    private Tensor drawn(List<Example> rows) {
      int[] places = CounterRandom.of(context.seed(), PLACES).permutation(rows.size());
      var inputs = new ArrayList<Input>();
      for (int key = 0; key < options.keys(); key++) {
        inputs.add(rows.get(places[key % places.length]).input());
      }
      return features(inputs);
    }

    private Tensor features(List<? extends Input> inputs) {
      return context.cache().features(inputs, FeatureCache.Frozen.BACKBONE);
    }

    @Override
    public List<String> classNames() {
      return classes.names();
    }

    @Override
    public Tensor scores(List<? extends Input> inputs) {
      var scores = new ArrayList<Tensor>();
      scores.add(Tensors.zeros(0, classes.size()));
      if (classes.size() == 0) {
        return Tensors.zeros(inputs.size(), 0);
      }
      for (int start = 0; start < inputs.size(); start += LOOKUP) {
        scores.add(codes.scores(features(inputs.subList(start, Math.min(start + LOOKUP, inputs.size())))));
      }
      return Tensors.concat(0, scores.toArray(new Tensor[0]));
    }

    @Override
    public List<StatePart> state() {
      return List.of(
          LearnerState.origin(context.backbone(), lastExperience),
          classes.state(),
          StatePart.of(KEYS, Combine.LATEST, codes.keyState()),
          StatePart.of(VALUES, Combine.WEIGHTED_MEAN, codes.valueState()));
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      lastExperience = LearnerState.requireOrigin(state, context.backbone());
      past.forEach(context::register);
      classes.restore(state);
      codes.restore(LearnerState.part(state, KEYS), LearnerState.part(state, VALUES));
    }

    @Override
    public Footprint footprint() {
      long numbers = codes.keyNumbers() + codes.valueNumbers();
      return new Footprint(numbers, numbers * Float.BYTES, codes.countBytes());
    }

    @Override
    public List<BrickInfo> bricks() {
      return classes.size() == 0 ? List.of() : List.of(new BrickInfo("codes", "key-value-codes",
          codes.keyNumbers() + codes.valueNumbers(), List.of(), context.origin().learnedUpTo(lastExperience)));
    }

    @Override
    public void close() {
      codes.close();
    }
  }
}
