package dev.perennial.server.model;

import dev.perennial.UsageException;
import dev.perennial.engine.Prediction;
import dev.perennial.engine.Predictor;
import dev.perennial.learn.Classes;
import dev.perennial.server.Answer;
import dev.perennial.server.Refused;
import dev.perennial.store.StoredParts;
import dev.perennial.tensor.TensorData;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A model that is loaded for predictions.
 *
 * <p>One of an analytic technique is an encoder, which is shared, and the newest snapshot of its head, which the writer
 * replaces. One of any other technique is read as its store has it and does not learn here.
 *
 * <p>Safe for use by many threads.
 */
public final class ServedModel implements AutoCloseable {

  /** What a model takes beside its head, about: its entry, names, paths. */
  private static final long OVERHEAD = 4096;

  private final String name;
  private final ModelDirectory directory;
  private final @Nullable Encoder encoder;
  private final @Nullable String enabled;
  private final @Nullable Predictor fixed;
  private volatile HeadSnapshot snapshot;
  private volatile long committed;

  private ServedModel(
      String name, ModelDirectory directory, @Nullable Encoder encoder, @Nullable String enabled, @Nullable Predictor fixed,
      HeadSnapshot snapshot) {
    this.name = name;
    this.directory = directory;
    this.encoder = encoder;
    this.enabled = enabled;
    this.fixed = fixed;
    this.snapshot = snapshot;
    this.committed = snapshot.through();
  }

  /**
   * Loads what predictions need of the newest commit of a store. O(bytes of the head).
   *
   * @param threads for a model of a technique that computes by itself
   * @throws UsageException if there is no store
   * @throws dev.perennial.FailureException if it is damaged
   */
  public static ServedModel load(String name, Path path, Encoders encoders, int threads) {
    ModelDirectory directory = ModelDirectory.read(path);
    if (directory.options().isEmpty()) {
      Predictor predictor = Predictor.open(path, threads);
      return new ServedModel(name, directory, null, null, predictor, new HeadSnapshot(1, List.of(), new float[0], 0, 0));
    }
    HeadSnapshot snapshot = snapshot(directory);
    Optional<String> enabled = EnabledBrick.of(path);
    Encoder encoder = enabled.isPresent()
        ? encoders.enabled(path, directory.record(), directory.options().get(), enabled.get())
        : encoders.of(path, directory.record(), directory.options().get(), directory.adapter());
    return new ServedModel(name, directory, encoder, enabled.orElse(null), null, snapshot);
  }

  private static HeadSnapshot snapshot(ModelDirectory directory) {
    try (StoredParts parts = StoredParts.newest(directory.directory(),
        part -> part.equals(directory.prefix() + ModelDirectory.CLASSES)
            || part.equals(directory.prefix() + ModelDirectory.HEAD))) {
      TensorData weights = parts.part(directory.prefix() + ModelDirectory.HEAD).tensor("weight");
      List<String> classes = Classes.texts(parts.part(directory.prefix() + ModelDirectory.CLASSES).tensors());
      ModelDirectory.Served served = ModelDirectory.served(parts.commit());
      return new HeadSnapshot(1, classes, weights.floats(), served.rows(), served.journal());
    }
  }

  /** Its name among the models of a process. */
  public String name() {
    return name;
  }

  /** Its store. */
  public ModelDirectory directory() {
    return directory;
  }

  /** Whether it takes rows to learn while it is served. */
  public boolean learns() {
    return encoder != null;
  }

  /**
   * Makes sure that it takes rows to learn.
   *
   * @throws Refused if it does not
   */
  public void requireLearns() {
    if (!learns()) {
      throw new Refused(Refused.Reason.CONFLICT, "expected a model that learns row by row, got " + name
          + " of the technique " + directory.record().spec().technique() + ", which learns whole experiences: it is served"
          + " for predictions alone; teach it by ./perennial learn, or serve a model of g-acil");
    }
  }

  /** The way from texts to features; empty for a model that computes by itself. */
  public Optional<Encoder> encoder() {
    return Optional.ofNullable(encoder);
  }

  /** The version of the brick of its library that acts on its backbone, as {@code NAME@1}; empty where none does. */
  public Optional<String> enabled() {
    return Optional.ofNullable(enabled);
  }

  /** What it knows now. */
  public HeadSnapshot snapshot() {
    return snapshot;
  }

  /** Whether its store holds all that it knows. */
  public boolean isCommitted() {
    return committed >= snapshot.through();
  }

  /** Its store holds everything up to a line of the journal. */
  void committed(long through) {
    committed = through;
  }

  /** From now on predictions are made from this. */
  public void publish(HeadSnapshot newer) {
    snapshot = newer;
  }

  /** The classes that it knows. */
  public List<String> classes() {
    return snapshot.classes();
  }

  /** Predicts with a model that computes by itself; one call at a time. */
  public List<Answer> predictAlone(List<String> texts, int top) {
    Predictor predictor = fixed;
    if (predictor == null) {
      throw new IllegalStateException("this model's predictions are made in shared passes");
    }
    List<Prediction> predictions;
    synchronized (predictor) {
      predictions = predictor.predict(texts, top);
    }
    return predictions.stream().map(prediction -> new Answer(prediction.text(), prediction.candidates().stream()
        .map(candidate -> new Answer.Candidate(candidate.label(), candidate.score())).toList(), 1, 0, new float[0])).toList();
  }

  /** Bytes of it alone, about; what it shares is not counted. */
  public long bytes() {
    return OVERHEAD + snapshot.bytes();
  }

  @Override
  public void close() {
    if (fixed != null) {
      fixed.close();
    }
  }
}
