package dev.perennial.server.drift;

import dev.perennial.server.drift.Signal.Change;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The detectors that watch the rows a model learns: ADWIN and Page-Hinkley its errors at rows that it has not seen yet, the
 * distance of mean embeddings the texts themselves.
 *
 * <p>Same rows in the same order, same signals; one that is restored goes on to the same bits. Belongs to one thread.
 */
public final class DriftWatch {

  /** The name of its part in a model's state. */
  public static final String PART = "drift";

  private static final String COUNTS = "counts";
  private static final long SEED = 1;

  private final Watched<Double> adwin;
  private final Watched<Double> pageHinkley;
  private final Watched<float[]> embeddings;
  private int width;

  /** A detector, what it said last, and how often it found a drift. */
  private static final class Watched<T> {
    private final String name;
    private final String watches;
    private final Detector<T> detector;
    private Drift last = Drift.WARM_UP;
    private Change change = Change.NONE;
    private long drifts;

    private Watched(String name, String watches, Detector<T> detector) {
      this.name = name;
      this.watches = watches;
      this.detector = detector;
    }

    private void observe(T value) {
      double before = mean();
      last = detector.observe(value);
      if (last.drifted()) {
        drifts++;
        change = switch (detector) {
          case Adwin adwin -> adwin.mean() < before ? Change.BETTER : Change.WORSE;
          case PageHinkley any -> Change.WORSE;
          case EmbeddingDistance any -> Change.OTHER;
        };
      }
    }

    private double mean() {
      return detector instanceof Adwin adwin ? adwin.mean() : 0;
    }

    private Signal signal() {
      return new Signal(name, watches, last.level(), last.score(), change, drifts);
    }
  }

  /** Nothing is observed yet. */
  public DriftWatch() {
    adwin = new Watched<>("adwin", "errors", new Adwin(Adwin.Options.DEFAULT));
    pageHinkley = new Watched<>("page-hinkley", "errors", new PageHinkley(PageHinkley.Options.DEFAULT));
    embeddings = new Watched<>("embedding-distance", "embeddings",
        new EmbeddingDistance(EmbeddingDistance.Options.DEFAULT, SEED));
  }

  /**
   * A row is learned.
   *
   * @param wrong whether the model would have said something else
   * @param embedding of its text
   */
  public void observe(boolean wrong, float[] embedding) {
    adwin.observe(wrong ? 1.0 : 0.0);
    pageHinkley.observe(wrong ? 1.0 : 0.0);
    embeddings.observe(embedding);
    width = embedding.length;
  }

  /** Bytes of memory, about. */
  public long bytes() {
    EmbeddingDistance.Options options = EmbeddingDistance.Options.DEFAULT;
    return (long) Float.BYTES * width * (options.reference() + options.window());
  }

  private List<Watched<?>> all() {
    return List.of(adwin, pageHinkley, embeddings);
  }

  /** What the detectors say now; changes are those since the last time that this was asked. */
  public List<Signal> signals() {
    var signals = new ArrayList<Signal>();
    for (Watched<?> one : all()) {
      signals.add(one.signal());
      one.change = Change.NONE;
    }
    return List.copyOf(signals);
  }

  /** All that it knows. */
  public StatePart state() {
    return StatePart.of(PART, Combine.LATEST, Map.of(
        adwin.name, tensor(adwin.detector.state()),
        pageHinkley.name, tensor(pageHinkley.detector.state()),
        embeddings.name, tensor(embeddings.detector.state()),
        COUNTS, tensor(all().stream().mapToDouble(one -> one.drifts).toArray())));
  }

  private static TensorData tensor(double[] numbers) {
    return TensorData.of(numbers, numbers.length);
  }

  /**
   * Takes over what another one knew.
   *
   * @throws dev.perennial.FailureException if it is not the state of such detectors
   */
  public void restore(StatePart state) {
    double[] counts = state.tensor(COUNTS).doubles();
    if (counts.length != all().size()) {
      throw Observed.damaged("it counts the drifts of " + counts.length + " detectors, not of " + all().size());
    }
    for (int i = 0; i < counts.length; i++) {
      all().get(i).drifts = Observed.count(counts, i, 0, Integer.MAX_VALUE);
      all().get(i).detector.restore(state.tensor(all().get(i).name).doubles());
    }
  }
}
