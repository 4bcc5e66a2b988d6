package dev.perennial.engine;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.budget.Ledger;
import dev.perennial.data.Input;
import dev.perennial.open.Discovery;
import dev.perennial.open.DiscoveryOptions;
import dev.perennial.open.OpenLearner;
import dev.perennial.open.Proposal;
import dev.perennial.store.Access;
import dev.perennial.store.Store;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.TensorScope;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** A model read from a store, for predictions alone. It may be opened while a run goes on, and sees its last commit. */
public final class Predictor implements AutoCloseable {

  private final Model model;
  private final boolean texts;
  private long cut;

  private Predictor(Model model, boolean texts) {
    this.model = model;
    this.texts = texts;
  }

  /**
   * Reads the newest commit. Predictions are computed on the processor, wherever it was learned.
   *
   * @param threads that compute
   * @throws FailureException if the store is empty, damaged, or of another backbone
   */
  public static Predictor open(Path directory, int threads) {
    return open(directory, threads, part -> {});
  }

  /**
   * The same, with a look at where the time goes.
   *
   * @param done hears which {@link Part} was just done
   */
  public static Predictor open(Path directory, int threads, Consumer<Part> done) {
    // Loaded while the store is looked at; what goes wrong with it is met again below.
    var natives = CompletableFuture.runAsync(LibTorch::load);
    RunRecord record;
    try (Store store = Store.open(directory, Access.READ)) {
      record = RunRecord.fromJson(store.spec());
    }
    done.accept(Part.STORE);
    natives.handle((nothing, problem) -> problem == null).join();
    LibTorch.load();
    done.accept(Part.NATIVES);
    RunSpec spec = record.spec().withThreads(threads).withDevice(Device.CPU.name());
    Model model = Model.create(spec, record.image(), record.streamDigest(), new Ledger(spec.budget()));
    try {
      record.checkBackbone(model.backbone().name(), model.backbone().digest());
      done.accept(Part.WEIGHTS);
      model.restoreToPredict(directory);
      done.accept(Part.BRICKS);
      return new Predictor(model, record.image().length == 0);
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /** What has to be done before a first prediction. */
  public enum Part {
    /** The store is opened and its spec read. */
    STORE,
    /** libtorch and its BLAS are loaded, as far as that took longer than the store. */
    NATIVES,
    /** The backbone's weights and its tokenizer are read and checked. */
    WEIGHTS,
    /** What was learned is read and checked: bricks and head. */
    BRICKS
  }

  /**
   * Predicts texts. They are forgotten afterwards, so that memory does not grow from call to call; the texts of one
   * call are batched by length.
   *
   * @param top how many classes to name for each, at least 1
   * @throws UsageException if the model learned images
   */
  public List<Prediction> predict(List<String> inputs, int top) {
    requireTexts();
    List<Prediction> predictions = Prediction.of(model.learner(), inputs, top);
    forget();
    return predictions;
  }

  private void forget() {
    cut += model.cache().cut();
    model.cache().forget();
  }

  /** How many of the texts so far were longer than the backbone takes, and were cut; the same text in one call once. */
  public long cut() {
    return cut;
  }

  private void requireTexts() {
    if (!texts) {
      throw new UsageException("expected a store that learned texts, got one that learned images: texts cannot be"
          + " predicted with it");
    }
  }

  /**
   * Looks for new classes among texts that are of no known class.
   *
   * @param inputs of any kind; those that are of known classes are left out
   * @throws UsageException if the model learned images, was not learned in an open world, or too little to tell texts of no
   *     known class; or if more of these are given than are looked through at once
   */
  public Discoveries discover(List<String> inputs, DiscoveryOptions options) {
    requireTexts();
    if (!(model.learner() instanceof OpenLearner learner)) {
      throw new UsageException("expected a store that was learned with --open, got one that takes every text for one of a"
          + " known class: learn into a new store with --open");
    }
    if (Double.isInfinite(learner.threshold())) {
      throw new UsageException("expected a store that tells texts of no known class, and too few rows were held back to set"
          + " a threshold: learn more rows, or keep a smaller share with --open");
    }
    List<String> unknown = Prediction.of(learner, inputs, 1).stream()
        .filter(prediction -> prediction.verdict() != null && prediction.verdict().label().equals(Prediction.UNKNOWN))
        .map(Prediction::text).toList();
    try (TensorScope scope = TensorScope.inference()) {
      List<Proposal> proposals =
          Discovery.of(learner, unknown.stream().map(Input.Text::new).toList(), options);
      return new Discoveries(inputs.size(), unknown.size(), proposals.stream()
          .map(proposal -> new Discoveries.NewClass(
              proposal.members().stream().map(unknown::get).toList(), proposal.likeness()))
          .toList());
    } finally {
      forget();
    }
  }

  /** Frees the model. */
  @Override
  public void close() {
    model.close();
  }
}
