package dev.perennial.server.tenant;

import dev.perennial.server.Answer;
import dev.perennial.server.ServerListener;
import dev.perennial.server.recall.ErrorMemory;
import dev.perennial.server.recall.RecallOptions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/*
 * An error memory corrects probabilities; scores s of least squares are near 1 for the right class and near 0 for others.
 *
 *   p = softmax(s / T)      p' = what the memory makes of it      s' = T log p' + T log sum_c exp(s_c / T),   T = 0.1
 *
 * so that softmax(s' / T) = p', and s' = s where the memory has changed nothing.
 */
/**
 * What models got wrong of rows that they were taught and have not learned yet, model by model. An error goes when a
 * snapshot is published that has learned its row. Safe for use by many threads.
 *
 * <p>Source: ReLoop2: Building Self-Adaptive Recommendation Models via Responsive Error Compensation Loop, arXiv
 * 2306.08808.
 */
public final class PendingErrors implements ServerListener {

  private static final double TEMPERATURE = 0.1;

  /** Few errors are there at a time, and none outvotes another: each counts where it is near, and not beyond. */
  private static final double BANDWIDTH = 0.05;

  private static final double DOUBT = 0.1;

  /** What a class counts at least, so that its score is a number. */
  private static final double LEAST = 1e-6;

  private static final long SEED = 1;

  private final RecallOptions options;
  private final Map<String, OfModel> models = new ConcurrentHashMap<>();

  /** The memory of a model, and the classes in the order in which it knows them. */
  private static final class OfModel {
    private final ErrorMemory memory;
    private final List<String> names = new ArrayList<>();
    private final Map<String, Integer> places = new HashMap<>();

    private OfModel(RecallOptions options, int width) {
      memory = new ErrorMemory(options, width, SEED);
    }

    private synchronized int place(String label) {
      return places.computeIfAbsent(label, name -> {
        names.add(name);
        return names.size() - 1;
      });
    }

    private synchronized String name(int place) {
      return names.get(place);
    }

    /** The probabilities behind the scores of all classes. */
    private float[] probabilities(List<Answer.Candidate> all) {
      double normaliser = normaliser(all);
      int[] at = all.stream().mapToInt(candidate -> place(candidate.label())).toArray();
      float[] probabilities = new float[IntStream.of(at).max().orElse(-1) + 1];
      for (int i = 0; i < at.length; i++) {
        probabilities[at[i]] = (float) Math.exp(all.get(i).score() / TEMPERATURE - normaliser);
      }
      return probabilities;
    }
  }

  /** log sum exp(score / T). */
  private static double normaliser(List<Answer.Candidate> all) {
    double best = all.getFirst().score() / TEMPERATURE;
    return best + Math.log(all.stream().mapToDouble(one -> Math.exp(one.score() / TEMPERATURE - best)).sum());
  }

  /**
   * None yet.
   *
   * @param rows of each model that are kept, the latest ones; at least 1. A correction takes O(rows)
   */
  public PendingErrors(int rows) {
    RecallOptions defaults = RecallOptions.DEFAULT;
    options = new RecallOptions(rows, defaults.keeping(), defaults.neighbours(), BANDWIDTH, DOUBT,
        defaults.strength(), defaults.halfLife(), defaults.tables(), defaults.bits()).exact();
  }

  /** Whether a model has errors that its snapshot may not have learned. */
  boolean isEmpty(String model) {
    return !models.containsKey(model);
  }

  /**
   * Keeps what a model said of a row that it was taught, unless it has learned the row by now.
   *
   * @param row its number
   * @param said the scores of all classes, at least one
   * @param learned the number of the last row that the model's newest snapshot has learned
   */
  synchronized void store(String model, long row, Answer said, String label, LongSupplier learned) {
    if (learned.getAsLong() >= row) {
      return;
    }
    OfModel errors = models.computeIfAbsent(model, name -> new OfModel(options, said.embedding().length));
    float[] probabilities = errors.probabilities(said.candidates());
    errors.memory.store(row, said.embedding(), errors.place(label), probabilities);
  }

  /**
   * What a model says, corrected where that makes another class the best; else as it is.
   *
   * @param all the scores of all classes, at least one
   * @param top how many classes to name
   */
  Answer correct(String model, Answer all, int top) {
    @Nullable OfModel errors = models.get(model);
    if (errors == null) {
      return named(all, all.candidates(), top, false);
    }
    float[] corrected = errors.memory.correct(
        all.embedding(), errors.probabilities(all.candidates()), all.through());
    List<Integer> order = IntStream.range(0, corrected.length).boxed()
        .sorted(Comparator.comparingDouble(place -> -corrected[place])).limit(top).toList();
    if (errors.name(order.getFirst()).equals(all.candidates().getFirst().label())) {
      return named(all, all.candidates(), top, false);
    }
    double normaliser = normaliser(all.candidates());
    return named(all, order.stream().map(place -> new Answer.Candidate(errors.name(place),
        TEMPERATURE * (Math.log(Math.max(LEAST, corrected[place])) + normaliser))).toList(), top, true);
  }

  private static Answer named(Answer answer, List<Answer.Candidate> candidates, int top, boolean recalled) {
    return new Answer(answer.text(), candidates.subList(0, Math.min(top, candidates.size())), answer.snapshot(),
        answer.through(), answer.embedding(), recalled);
  }

  @Override
  public synchronized void published(String model, long snapshot, long through) {
    OfModel errors = models.get(model);
    if (errors != null) {
      errors.memory.forget(through);
      if (errors.memory.size() == 0) {
        models.remove(model);
      }
    }
  }

  /** How many errors are kept now, of all models. */
  public long size() {
    return models.values().stream().mapToLong(errors -> errors.memory.size()).sum();
  }
}
