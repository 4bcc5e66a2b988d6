package dev.perennial.learn.analytic;

import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.AnalyticHead;
import dev.perennial.brick.RandomProjection;
import dev.perennial.budget.Ledger;
import dev.perennial.budget.Resource;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Classes;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** Random features of a frozen network under an analytic head: what the analytic techniques share. */
final class AnalyticModel implements AutoCloseable {

  /** Rows of a step. */
  private static final int BATCH = 512;

  private static final long PROJECTION = 31;

  private final LearnerContext context;
  private final RandomProjection projection;
  private final AnalyticHead head;
  private final Classes classes = new Classes();
  private int lastExperience = -1;

  AnalyticModel(AnalyticOptions options, LearnerContext context) {
    this.context = context;
    this.projection = new RandomProjection(
        context.backbone().width(), options.features(), CounterRandom.of(context.seed(), PROJECTION));
    this.head = new AnalyticHead(options.features(), options.ridge(), context.workers());
  }

  long steps(Experience experience) {
    return Math.ceilDiv(experience.train().size(), BATCH);
  }

  /** Takes in one batch of the experience; solves after the last. */
  void step(Experience experience, long step, FeatureCache.Frozen network) {
    if (step == 0) {
      grow(experience);
    }
    int start = Math.toIntExact(step * BATCH);
    List<Example> batch = experience.train().subList(start, Math.min(start + BATCH, experience.train().size()));
    Tensor features = context.cache().features(batch.stream().map(Example::input).toList(), network);
    head.add(projection.apply(features), classes.indicesOf(batch));
    if (step == steps(experience) - 1) {
      head.solve();
    }
  }

  private void grow(Experience experience) {
    lastExperience = experience.index();
    int added = classes.add(experience.classes());
    long numbers = (long) added * projection.features();
    if (added > 0) {
      context.ledger().charge(
          new Ledger.Entry("analytic head columns", Resource.PARAMETERS, numbers, experience.index()),
          new Ledger.Entry("analytic head columns", Resource.BYTES, numbers * Float.BYTES, experience.index()));
    }
    head.grow(classes.size());
  }

  Tensor scores(List<? extends Input> inputs, FeatureCache.Frozen network) {
    return head.scores(projection.apply(context.cache().features(inputs, network)));
  }

  Classes classes() {
    return classes;
  }

  AnalyticHead head() {
    return head;
  }

  /** The experiences that shaped the head, for people. */
  String learnedOn() {
    return lastExperience <= 0 ? "0" : "0-" + lastExperience;
  }

  List<StatePart> state() {
    return List.of(
        classes.state(),
        StatePart.of("statistics", Combine.SUM, head.statistics()),
        StatePart.of("head", Combine.LATEST, head.weights()));
  }

  void restore(Map<String, StatePart> state, List<Experience> past) {
    classes.restore(state);
    head.restore(LearnerState.part(state, "statistics").tensors(), LearnerState.part(state, "head").tensors());
    lastExperience = past.isEmpty() ? 0 : past.getLast().index();
  }

  @Override
  public void close() {
    head.close();
    projection.close();
  }
}
