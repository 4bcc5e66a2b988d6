package dev.perennial.server.model;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.Brick;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.RandomProjection;
import dev.perennial.brick.SavedBrick;
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

  private record Plan(String backbone, int levels, int features, long seed) {}

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
    Backbone backbone = backbone(record.spec().backbone());
    record.checkBackbone(backbone.name(), backbone.digest());
    var plan = new Plan(backbone.name(), options.levelsOf(backbone), options.features(), record.spec().seed());
    RandomProjection projection = projections.computeIfAbsent(
        plan, key -> options.projection(backbone, record.spec().seed(), workers));
    if (adapter.isEmpty()) {
      return plain.computeIfAbsent(plan, key -> new Encoder(backbone, Adaptation.NONE, key.levels, projection));
    }
    return adapted.computeIfAbsent(directory.toAbsolutePath().normalize(), key -> new Encoder(
        backbone, adaptation(key, record, backbone, adapter.get()), plan.levels, projection));
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
      if (saved.isEmpty()) {
        return Adaptation.NONE;
      }
      Brick brick = saved.get().on(backbone);
      var tensors = new HashMap<String, Tensor>();
      saved.get().tensors().forEach((tensor, data) -> tensors.put(tensor, owner.keep(Tensors.copyOf(data))));
      return Adaptation.forEachPass(brick.lowestBlock(), () -> brick.adaptation(tensors));
    }
  }

  @Override
  public synchronized void close() {
    projections.values().forEach(RandomProjection::close);
    backbones.values().forEach(Backbone::close);
    owner.close();
  }
}
