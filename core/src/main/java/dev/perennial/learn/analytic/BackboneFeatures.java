package dev.perennial.learn.analytic;

import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.RandomProjection;
import dev.perennial.data.Input;
import dev.perennial.learn.LearnerContext;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** A random projection of what the last blocks of a frozen network give. */
final class BackboneFeatures implements FeatureMap {

  private final FeatureCache cache;
  private final int levels;
  private final RandomProjection projection;

  BackboneFeatures(AnalyticOptions options, LearnerContext context) {
    this.cache = context.cache();
    this.levels = options.levelsOf(context.backbone());
    this.projection = options.projection(context.backbone(), context.seed(), context.workers());
  }

  @Override
  public Tensor of(List<? extends Input> inputs, FeatureCache.Frozen network) {
    return projection.apply(cache.features(inputs, network, levels));
  }

  @Override
  public void close() {
    projection.close();
  }
}
