package dev.perennial.engine;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.Provenance;
import dev.perennial.budget.Ledger;
import dev.perennial.learn.Absorbing;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Techniques;
import dev.perennial.open.OpenLearner;
import dev.perennial.open.OpenOptions;
import dev.perennial.store.StoredParts;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Workers;
import java.nio.file.Path;
import java.util.List;

/** A learner with all that it works with, in memory. */
final class Model implements AutoCloseable {

  /** Frozen features kept, in bytes. */
  private static final long CACHE_BYTES = 256L << 20;

  /** Of Perennial, as bricks note it. */
  private static final String VERSION = "0.1";

  private final Workers workers;
  private final Backbone backbone;
  private final FeatureCache cache;
  private final Learner learner;

  private Model(Workers workers, Backbone backbone, FeatureCache cache, Learner learner) {
    this.workers = workers;
    this.backbone = backbone;
    this.cache = cache;
    this.learner = learner;
  }

  /**
   * An untrained model.
   *
   * @param image channels, height and width of the images it sees; empty for texts
   */
  static Model create(RunSpec spec, int[] image, String streamDigest, Ledger ledger) {
    Techniques.Choice<?> technique = Techniques.load().choose(spec.technique(), spec.options());
    var device = new Device(spec.device());
    device.require();
    var workers = new Workers(spec.threads());
    Backbone backbone = null;
    try {
      backbone = image.length == 0
          ? Backbones.load(spec.backbone().isEmpty() ? "minilm" : spec.backbone(), device)
          : Backbones.forImages(spec.backbone().isEmpty() ? "mlp" : spec.backbone(), image[0], image[1], image[2],
              spec.seed(), device);
      var cache = new FeatureCache(backbone, workers, CACHE_BYTES);
      var context = new LearnerContext(backbone, cache, workers, ledger,
          Provenance.of(streamDigest, spec.seed(), technique.name(), VERSION, backbone));
      Learner learner = technique.learner(context);
      if (spec.open() != null) {
        learner = open(spec.open(), context, technique.name(), learner);
      }
      var model = new Model(workers, backbone, cache, learner);
      backbone = null;
      return model;
    } finally {
      if (backbone != null) {
        backbone.close();
        workers.close();
      }
    }
  }

  private static OpenLearner open(OpenOptions options, LearnerContext context, String technique, Learner learner) {
    if (learner instanceof Absorbing absorbing) {
      return new OpenLearner(options, context, absorbing);
    }
    learner.close();
    throw new UsageException("expected a technique that takes rows in late with --open, such as g-acil,"
        + " first-session-analytic or auto, got " + technique + ": choose one of them, or leave out --open");
  }

  /** Takes over what a commit holds. */
  void restore(StoredParts parts, List<Experience> past) {
    try (TensorScope scope = TensorScope.inference()) {
      learner.restore(parts.parts(), past);
    }
  }

  /** Takes over what prediction needs of the newest commit of a store. */
  void restoreToPredict(Path directory) {
    try (TensorScope scope = TensorScope.inference();
        StoredParts parts = StoredParts.newest(directory, learner::scoresNeed)) {
      Documents.requirePlain(parts.commit());
      learner.restore(parts.parts(), List.of());
    }
  }

  Backbone backbone() {
    return backbone;
  }

  Workers workers() {
    return workers;
  }

  FeatureCache cache() {
    return cache;
  }

  Learner learner() {
    return learner;
  }

  @Override
  public void close() {
    learner.close();
    backbone.close();
    workers.close();
  }
}
