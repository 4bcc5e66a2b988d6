package dev.perennial.learn.growth;

import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.AnalyticHead;
import dev.perennial.brick.RandomProjection;
import dev.perennial.data.Input;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.analytic.AnalyticOptions;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.Tensors;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/*
 * The analytic head of G-ACIL (arXiv 2403.15706) over relu(R [f_1 .. f_l, p]): f_i the frozen features of the last blocks, p
 * what the bricks that an input is routed to make of it. The frozen part holds where the routing is wrong.
 */
/** An analytic head over frozen and routed features, which keeps no row. */
final class RoutedHead implements AutoCloseable {

  private static final long PROJECTION = 91;

  private final LearnerContext context;
  private final int levels;
  private final RandomProjection projection;
  private final AnalyticHead head;
  private final int features;
  private int classes;

  RoutedHead(AnalyticOptions options, LearnerContext context) {
    this.context = context;
    this.levels = Math.min(options.levels(), context.backbone().blocks());
    this.features = options.features();
    this.projection = new RandomProjection(
        levels + 1, context.backbone().width(), features, CounterRandom.of(context.seed(), PROJECTION));
    this.head = new AnalyticHead(features, options.ridge(), context.workers());
  }

  /** Numbers of so many more classes. */
  long columns(int more) {
    return (long) more * features;
  }

  /** Bytes of the sums with so many more classes, less those that are there; the products are there from the start. */
  long statisticsBytes(int more) {
    return (classes == 0 ? head.statisticsBytes() : 0) + columns(more) * Double.BYTES;
  }

  void grow(int count) {
    head.grow(count);
    classes = count;
  }

  private Tensor inputs(List<? extends Input> inputs, Tensor routed) {
    Tensor frozen = context.cache().features(inputs, FeatureCache.Frozen.BACKBONE, levels);
    return projection.apply(Tensors.concat(1, frozen, routed));
  }

  void add(List<? extends Input> inputs, Tensor routed, long[] labels) {
    head.add(inputs(inputs, routed), labels);
  }

  void solve() {
    head.solve();
  }

  Tensor scores(List<? extends Input> inputs, Tensor routed) {
    return inputs.isEmpty() ? Tensors.zeros(0, classes) : head.scores(inputs(inputs, routed));
  }

  long parameters() {
    return head.parameters();
  }

  long memoryBytes() {
    return classes == 0 ? 0 : head.statisticsBytes();
  }

  List<StatePart> state() {
    return List.of(StatePart.of("statistics", Combine.SUM, head.statistics()),
        StatePart.of("head", Combine.LATEST, head.weights()));
  }

  void restore(Map<String, StatePart> state, int count) {
    head.restore(LearnerState.part(state, "statistics"), LearnerState.part(state, "head"));
    classes = count;
  }

  @Override
  public void close() {
    projection.close();
    head.close();
  }
}
