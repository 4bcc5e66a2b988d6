package dev.perennial.server.model;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.Brick;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.RandomProjection;
import dev.perennial.brick.SavedBrick;
import dev.perennial.brick.library.Library;
import dev.perennial.budget.Budget;
import dev.perennial.budget.Ledger;
import dev.perennial.engine.RunRecord;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Techniques;
import dev.perennial.learn.analytic.AnalyticOptions;
import dev.perennial.store.StoredParts;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * The encoders of a process, each loaded once: models of the same backbone share its weights, and those of the same seed
 * and options share everything. They stay until the process ends. Safe for use by many threads.
 */
public final class Encoders implements AutoCloseable {

  private final Workers workers;
  private final Device device;
  private final TensorOwner owner = new TensorOwner();
  private final Map<String, Backbone> backbones = new HashMap<>();
  private final Map<Plan, RandomProjection> projections = new HashMap<>();
  private final Map<Plan, Encoder> plain = new HashMap<>();
  private final Map<Path, Encoder> adapted = new HashMap<>();
  private final Map<Enabled, Encoder> enabled = new HashMap<>();

  private record Plan(String backbone, int levels, int features, long seed) {}

  private record Enabled(Plan plan, String brickDigest) {}

  /**
   * None yet.
   *
   * @param workers draw projections; not closed by this
   * @param device where backbones compute
   */
  public Encoders(Workers workers, Device device) {
    this.workers = workers;
    this.device = device;
  }

  /**
   * The backbone of that name.
   *
   * @throws dev.perennial.UsageException if there is none
   */
  public synchronized Backbone backbone(String name) {
    return backbones.computeIfAbsent(name.isEmpty() ? "minilm" : name, key -> Backbones.load(key, device));
  }

  /**
   * The encoder of a model.
   *
   * @param directory of its store
   * @param adapter the name of the brick that acts on its backbone; empty where none does
   * @throws dev.perennial.FailureException if the backbone is not what the store was learned on
   */
  public synchronized Encoder of(Path directory, RunRecord record, AnalyticOptions options, Optional<String> adapter) {
    Backbone backbone = backboneOf(record);
    Plan plan = plan(record, options, backbone);
    RandomProjection projection = projection(plan, options, backbone);
    if (adapter.isEmpty()) {
      return plain.computeIfAbsent(plan, key -> new Encoder(backbone, Adaptation.NONE, key.levels, projection));
    }
    return adapted.computeIfAbsent(directory.toAbsolutePath().normalize(), key -> new Encoder(
        backbone, adaptation(key, record, backbone, adapter.get()), plan.levels, projection));
  }

  /**
   * The encoder of a model in which a brick of its library acts. Models in which the same one does share their passes.
   *
   * @param version of the brick, as {@code NAME@1}
   * @throws dev.perennial.UsageException if there is none, or it does not go with the backbone
   * @throws dev.perennial.FailureException if it is damaged, or the backbone is not what the store was learned on
   */
  synchronized Encoder enabled(Path directory, RunRecord record, AnalyticOptions options, String version) {
    Backbone backbone = backboneOf(record);
    Plan plan = plan(record, options, backbone);
    RandomProjection projection = projection(plan, options, backbone);
    SavedBrick brick = new Library(EnabledBrick.library(directory)).read(version, backbone).withoutHead();
    return enabled.computeIfAbsent(new Enabled(plan, brick.digest()),
        key -> new Encoder(backbone, acting(brick, backbone), plan.levels, projection));
  }

  private Backbone backboneOf(RunRecord record) {
    Backbone backbone = backbone(record.spec().backbone());
    record.checkBackbone(backbone.name(), backbone.digest());
    return backbone;
  }

  private static Plan plan(RunRecord record, AnalyticOptions options, Backbone backbone) {
    return new Plan(backbone.name(), options.levelsOf(backbone), options.features(), record.spec().seed());
  }

  private RandomProjection projection(Plan plan, AnalyticOptions options, Backbone backbone) {
    return projections.computeIfAbsent(plan, key -> options.projection(backbone, key.seed, workers));
  }

  /** The brick that a store's learner has trained, with its tensors kept here. */
  private Adaptation adaptation(Path directory, RunRecord record, Backbone backbone, String name) {
    Techniques.Choice<?> technique = Techniques.load().choose(record.spec().technique(), record.spec().options());
    var context = new LearnerContext(backbone, new FeatureCache(backbone, workers, 0), workers, new Ledger(Budget.UNLIMITED),
        Provenance.of(record.streamDigest(), record.spec().seed(), technique.name(), "", backbone));
    try (TensorScope scope = TensorScope.inference();
        Learner learner = technique.learner(context);
        StoredParts parts = StoredParts.newest(directory, learner::scoresNeed)) {
      learner.restore(parts.parts(), List.of());
      Optional<SavedBrick> saved = learner.saved(name);
      return saved.isEmpty() ? Adaptation.NONE : acting(saved.get(), backbone);
    }
  }

  /** A brick, with its tensors kept here. */
  private Adaptation acting(SavedBrick saved, Backbone backbone) {
    Brick brick = saved.on(backbone);
    var tensors = new HashMap<String, Tensor>();
    try (TensorScope scope = TensorScope.inference()) {
      saved.tensors().forEach((tensor, data) -> tensors.put(tensor, owner.keep(Tensors.copyOf(data))));
    }
    return Adaptation.forEachPass(brick.lowestBlock(), () -> brick.adaptation(tensors));
  }

  @Override
  public synchronized void close() {
    projections.values().forEach(RandomProjection::close);
    backbones.values().forEach(Backbone::close);
    owner.close();
  }
}
