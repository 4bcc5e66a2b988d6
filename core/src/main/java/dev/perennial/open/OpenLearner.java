package dev.perennial.open;

import dev.perennial.FailureException;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Absorbing;
import dev.perennial.learn.HeldBack;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/*
 * An experience is learned in three parts:
 *
 *   the learner learns it without the rows that are held back
 *   the held-back rows, which it has not seen, set the threshold of familiarity and the temperature
 *   the learner learns the held-back rows too, and ends where it would have ended without all this
 *
 * Nothing of a row is kept but sums and its familiarity, a number.
 */
/**
 * A learner that knows what it does not know: it tells inputs of no known class apart, and its confidences hold.
 *
 * <p>It learns what the learner within learns, whose state it has with one part more. Its bits are not quite those of the
 * learner alone, as the sums of an analytic head depend on the order of rows in their last digits.
 */
public final class OpenLearner implements Absorbing {

  private static final String STATE = "open";
  private static final String INNER = "learner/";
  private static final long HELD_BACK = 72;

  private final OpenOptions options;
  private final LearnerContext context;
  private final Absorbing learner;
  private final Likeness likeness;
  private Threshold threshold;
  private Temperature temperature = new Temperature();
  private int divided = -1;
  private @Nullable HeldBack parts;

  /**
   * What there is to say of an input beside its class.
   *
   * @param familiarity how much it is like inputs of known classes; comparable with the threshold of the same moment
   * @param confidence how likely the class of the highest score is right, above 0 to 1, if the input is of a known class
   * @param plainConfidence the same without the temperature
   */
  public record Judgement(double familiarity, double confidence, double plainConfidence) {}

  /**
   * @param learner that has learned nothing
   */
  public OpenLearner(OpenOptions options, LearnerContext context, Absorbing learner) {
    this.options = options;
    this.context = context;
    this.learner = learner;
    this.likeness = new Likeness(context);
    this.threshold = new Threshold(options.keep());
  }

  /** The experience in two parts; null where no class has rows enough. */
  private @Nullable HeldBack parts(Experience experience) {
    if (divided != experience.index()) {
      divided = experience.index();
      HeldBack split = HeldBack.of(
          experience, options.heldBack(), CounterRandom.of(context.seed(), HELD_BACK, experience.index()));
      parts = split.rows().isEmpty() ? null : split;
    }
    return parts;
  }

  private Experience first(Experience experience) {
    HeldBack split = parts(experience);
    return split == null ? experience : split.first();
  }

  /** Those of the learner within, and one for each of the other two parts. */
  @Override
  public long steps(Experience experience) {
    return learner.steps(first(experience)) + (parts(experience) == null ? 0 : 2);
  }

  @Override
  public void step(Experience experience, long step) {
    if (step == 0) {
      divided = -1;
      context.register(experience);
      if (experience.index() == 0) {
        // All of it from the beginning, so that a budget that allows the first experience allows it.
        context.charge(experience, "familiarity", 0, bytes());
      }
    }
    Experience first = first(experience);
    HeldBack split = parts(experience);
    long left = step - learner.steps(first);
    if (left < 0) {
      learner.step(first, step);
    } else if (split != null && left == 0) {
      calibrate(split.rows());
    } else if (split != null && left == 1) {
      learner.absorb(split.rows());
    } else {
      throw new IllegalArgumentException("experience " + experience.index() + " has no step " + step);
    }
  }

  private void calibrate(List<Example> rows) {
    List<Input> inputs = rows.stream().map(Example::input).toList();
    float[] scores = Tensors.toFloats(learner.scores(inputs));
    threshold.add(Familiarity.of(scores, rows.size(), learner.classNames().size()));
    likeness.add(rows);
    var numbers = new HashMap<String, Integer>();
    for (String name : learner.classNames()) {
      numbers.put(name, numbers.size());
    }
    // Which of several labels a row would have to be sure of is not defined.
    int classes = numbers.size();
    var known = new ArrayList<Integer>();
    for (int row = 0; row < rows.size(); row++) {
      if (numbers.containsKey(rows.get(row).label())) {
        known.add(row);
      }
    }
    float[] own = new float[known.size() * classes];
    int[] labels = new int[known.size()];
    for (int i = 0; i < labels.length; i++) {
      System.arraycopy(scores, known.get(i) * classes, own, i * classes, classes);
      labels[i] = numbers.getOrDefault(rows.get(known.get(i)).label(), 0);
    }
    temperature.add(own, classes, labels);
  }

  @Override
  public void absorb(List<Example> rows) {
    learner.absorb(rows);
  }

  @Override
  public List<Example> rows(Experience experience, long step) {
    Experience first = first(experience);
    HeldBack split = parts(experience);
    long left = step - learner.steps(first);
    if (left < 0) {
      return learner.rows(first, step);
    }
    return split == null ? List.of() : split.rows();
  }

  /**
   * Judges inputs by their scores. O(inputs classes).
   *
   * @param scores as {@link #scores} gives them, row by row
   * @param rows how many inputs
   */
  public List<Judgement> judge(float[] scores, int rows) {
    int classes = classNames().size();
    double[] familiar = Familiarity.of(scores, rows, classes);
    double divisor = temperature.value();
    var judgements = new ArrayList<Judgement>();
    for (int row = 0; row < rows; row++) {
      judgements.add(
          new Judgement(familiar[row], Temperature.confidence(scores, row * classes, classes, divisor),
              Temperature.confidence(scores, row * classes, classes, 1)));
    }
    return judgements;
  }

  /** How much inputs are like each other. */
  Likeness likeness() {
    return likeness;
  }

  /** The familiarity from which on an input is taken for one of a known class; no input is below it while none is known. */
  public double threshold() {
    return threshold.value();
  }

  /** By what scores are divided before their softmax says how sure it is; 1 before anything was held back. */
  public double temperature() {
    return temperature.value();
  }

  @Override
  public List<String> classNames() {
    return learner.classNames();
  }

  @Override
  public Tensor scores(List<? extends Input> inputs) {
    return learner.scores(inputs);
  }

  @Override
  public List<StatePart> state() {
    var parts = new ArrayList<StatePart>();
    for (StatePart part : learner.state()) {
      parts.add(new StatePart(part.name().equals("classes") ? part.name() : INNER + part.name(), part.combine(),
          part.tensors()));
    }
    double[] seen = threshold.numbers();
    double[] losses = temperature.numbers();
    parts.add(StatePart.of(STATE, Combine.LATEST, Map.of(
        "familiarities", TensorData.of(seen, seen.length), "losses", TensorData.of(losses, losses.length),
        "likeness", TensorData.of(likeness.numbers(), likeness.length()))));
    return parts;
  }

  @Override
  public void restore(Map<String, StatePart> state, List<Experience> past) {
    Map<String, StatePart> inner = LearnerState.under(INNER, state);
    inner.put("classes", LearnerState.part(state, "classes"));
    StatePart own = LearnerState.part(state, STATE);
    learner.restore(inner, past);
    past.forEach(context::register);
    threshold = new Threshold(options.keep(), own.tensor("familiarities").doubles());
    temperature = new Temperature(numbers(own, "losses", Temperature.length()));
    likeness.restore(numbers(own, "likeness", likeness.length()));
  }

  private static double[] numbers(StatePart part, String name, int length) {
    double[] numbers = part.tensor(name).doubles();
    if (numbers.length != length) {
      throw new FailureException("expected " + length + " numbers " + name + " in the state of a learner in an open world,"
          + " found " + numbers.length + ": the state belongs to another backbone, or is damaged");
    }
    return numbers;
  }

  @Override
  public Set<String> partial() {
    var names = new TreeSet<String>();
    learner.partial().forEach(name -> names.add(INNER + name));
    return names;
  }

  @Override
  public boolean scoresNeed(String part) {
    return !part.startsWith(INNER) || learner.scoresNeed(part.substring(INNER.length()));
  }

  /** What the learner within adds and keeps; what it is judged by counts as memory. */
  @Override
  public Footprint footprint() {
    Footprint inner = learner.footprint();
    return new Footprint(
        inner.trainableParameters(), inner.addedBytes(), inner.memoryBytes() + bytes());
  }

  /** Of threshold, temperature and likeness when they are full. */
  private long bytes() {
    return (Threshold.MOST + Temperature.length() + likeness.length()) * (long) Double.BYTES;
  }

  @Override
  public List<BrickInfo> bricks() {
    return learner.bricks();
  }

  @Override
  public Optional<SavedBrick> saved(String name) {
    return learner.saved(name);
  }

  @Override
  public void close() {
    learner.close();
  }
}
