package dev.perennial.learn.analytic;

import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.AnalyticHead;
import dev.perennial.brick.Provenance;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Classes;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.Tensors;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** Random features of inputs under an analytic head: what the analytic techniques share. */
final class AnalyticModel implements AutoCloseable {

  /** The part of its state that adds up over replicas, and that only learning needs. */
  static final String STATISTICS = "statistics";

  /** Rows of a step. */
  private static final int BATCH = 512;

  private final AnalyticOptions options;
  private final Source source;
  private final LearnerContext context;
  private final AnalyticHead head;
  private final Classes classes = new Classes();
  private @Nullable FeatureMap map;
  private int begun = -1;
  private int lastExperience = -1;

  AnalyticModel(AnalyticOptions options, Source source, LearnerContext context) {
    this.options = options;
    this.source = source;
    this.context = context;
    this.head = new AnalyticHead(options.features(), options.ridge(), context.workers());
  }

  long steps(Experience experience) {
    return steps(experience.train().size());
  }

  /** Steps for so many rows. */
  static long steps(long rows) {
    return Math.ceilDiv(rows, BATCH);
  }

  /** Takes in one batch of the experience; solves after the last. */
  void step(Experience experience, long step, FeatureCache.Frozen network) {
    if (step == 0) {
      grow(experience);
      lastExperience = experience.index();
    }
    if (begun != experience.index()) {
      begun = experience.index();
      context.register(experience);
    }
    List<Example> batch = own(rows(experience, step));
    if (!batch.isEmpty()) {
      head.add(features(batch.stream().map(Example::input).toList(), network), classes.indicesOf(batch));
    }
    if (step == steps(experience) - 1) {
      head.solve(context.exchange());
    }
  }

  /** Forgets every row, so that all can be taken in anew; scores stay as they are until the last of them is. */
  void clear() {
    head.clear();
  }

  /** The rows that this replica takes in: of each run of as many rows as there are lanes, one a lane that it owns. */
  private List<Example> own(List<Example> batch) {
    int lanes = context.exchange().lanes(1);
    return IntStream.range(0, batch.size()).filter(row -> context.exchange().owns(row % lanes)).mapToObj(batch::get)
        .toList();
  }

  /** The rows of a step. */
  List<Example> rows(Experience experience, long step) {
    int start = Math.toIntExact(step * BATCH);
    return experience.train().subList(start, Math.min(start + BATCH, experience.train().size()));
  }

  /** Takes in rows, of new classes too, and solves. */
  void absorb(List<Example> rows, FeatureCache.Frozen network) {
    List<String> labels = rows.stream().map(Example::label).distinct().toList();
    grow(new Experience(lastExperience, "rows that came late", labels, rows, List.of()));
    for (int start = 0; start < rows.size(); start += BATCH) {
      List<Example> batch = own(rows.subList(start, Math.min(start + BATCH, rows.size())));
      if (!batch.isEmpty()) {
        head.add(features(batch.stream().map(Example::input).toList(), network), classes.indicesOf(batch));
      }
    }
    head.solve(context.exchange());
  }

  /** The first input says what kind of inputs there are. */
  private Tensor features(List<? extends Input> inputs, FeatureCache.Frozen network) {
    FeatureMap features = map;
    if (features == null) {
      Input first = inputs.getFirst();
      features = source.takesPatches(context.backbone(), first)
          ? new RandomPatches(RandomPatches.image(first), options.features(),
              CounterRandom.of(context.seed(), AnalyticOptions.PROJECTION), context.workers())
          : new BackboneFeatures(options, context);
      map = features;
    }
    return features.of(inputs, network);
  }

  private void grow(Experience experience) {
    long columns = (long) classes.add(experience.classes()) * options.features();
    long products = lastExperience < 0 ? head.statisticsBytes() : 0;
    context.charge(experience, "analytic head columns", columns, columns * Float.BYTES);
    context.charge(experience, "analytic statistics", 0, products + columns * Double.BYTES);
    head.grow(classes.size());
  }

  /** {@code [inputs, classes]}; 0 for classes that the head was not solved for yet. */
  Tensor scores(List<? extends Input> inputs, FeatureCache.Frozen network) {
    return inputs.isEmpty() ? Tensors.zeros(0, classes.size()) : head.scores(features(inputs, network));
  }

  /** Rows taken in so far. */
  long rows() {
    return head.rows();
  }

  Classes classes() {
    return classes;
  }

  Learner.Footprint footprint(long brickParameters) {
    long parameters = head.parameters() + brickParameters;
    return new Learner.Footprint(parameters, parameters * Float.BYTES, head.statisticsBytes());
  }

  /** The head as a brick, learned on the outputs of {@code parents}. */
  Learner.BrickInfo brick(String... parents) {
    Provenance provenance = context.origin().learnedUpTo(lastExperience).withParents(parents);
    return new Learner.BrickInfo("head", "analytic-head", head.parameters(), List.of(), provenance);
  }

  List<StatePart> state() {
    return List.of(
        LearnerState.origin(context.backbone(), lastExperience),
        classes.state(),
        StatePart.of(STATISTICS, Combine.SUM, head.statistics()),
        StatePart.of("head", Combine.LATEST, head.weights()));
  }

  void restore(Map<String, StatePart> state, List<Experience> past) {
    lastExperience = LearnerState.requireOrigin(state, context.backbone());
    past.forEach(context::register);
    classes.restore(state);
    if (state.containsKey(STATISTICS)) {
      head.restore(LearnerState.part(state, STATISTICS), LearnerState.part(state, "head"));
    } else {
      head.restore(LearnerState.part(state, "head"));
    }
  }

  @Override
  public void close() {
    head.close();
    if (map != null) {
      map.close();
    }
  }
}
