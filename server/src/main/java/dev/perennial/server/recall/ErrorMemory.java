package dev.perennial.server.recall;

import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.UnaryOperator;
import org.apache.lucene.util.VectorUtil;

/*
 * ReLoop2: Building Self-Adaptive Recommendation Models via Responsive Error Compensation Loop (arXiv 2306.08808). What the
 * model said of an input, p_i, and what was right, y_i, make its error; near inputs have like errors, at once and without
 * any training. ReLoop2 corrects one click probability; of a distribution over classes it is
 *
 *   e_i = onehot(y_i) - p_i          w_i = exp((cos(x, x_i) - 1) / bandwidth) * 2^(-age_i / halfLife)
 *
 *   p'(x) = normalised max(0, p(x) + strength * sum_i w_i e_i / (doubt + sum_i w_i))
 *
 * over the k errors of largest w_i that locality-sensitive hashing finds. The sum of e_i is 0, so that of p' is 1 before
 * what is below 0 is cut off. The age is the number of errors stored since; what doubt stands for is an error of 0.
 */
/**
 * A bounded memory of what a model got wrong, which corrects what it says of like inputs until it is updated.
 *
 * <p>Right predictions are stored too: they say where there is nothing to correct. Classes are places in the model's
 * list, to which new ones are only added at the end; a class that the model does not know yet may be stored. Safe for
 * use by many threads: corrections run side by side. A correction takes O(tables bits width) and the errors found; see
 * {@link RecallOptions}. Same seed and same calls, same bits.
 *
 * <p>Source: ReLoop2: Building Self-Adaptive Recommendation Models via Responsive Error Compensation Loop, arXiv
 * 2306.08808.
 */
public final class ErrorMemory {

  private static final long RESERVOIR = 73;

  private final RecallOptions options;
  private final CounterRandom random;
  private final Hashes hashes;
  private final int width;
  private final List<Entry> entries = new ArrayList<>();
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private long stored;

  /**
   * One error.
   *
   * @param scale 1 / the embedding's length
   * @param number how many were stored before it
   * @param row that it is of
   */
  private record Entry(
      float[] embedding, float scale, int[] hashes, int label, float[] said, long number, long row) {}

  private record Near(Entry entry, double logWeight) {

    private double weight() {
      return Math.exp(logWeight);
    }
  }

  private static final Comparator<Near> LIGHTEST_FIRST =
      Comparator.comparingDouble(Near::logWeight).thenComparingLong(one -> one.entry.number);

  /**
   * An empty memory.
   *
   * @param width numbers of an embedding
   * @param seed decides the hash functions, and what a reservoir keeps
   */
  public ErrorMemory(RecallOptions options, int width, long seed) {
    this.options = options;
    this.width = width;
    this.random = CounterRandom.of(seed, RESERVOIR);
    this.hashes = new Hashes(options.tables(), options.bits(), width, seed);
  }

  /**
   * Stores what the model said of an input whose label is now known.
   *
   * @param embedding of the input, of any length but 0
   * @param label place of its class
   * @param said the model's own probabilities, not the corrected ones
   * @throws IllegalArgumentException if the embedding has another width, or is all 0 or not finite, or a number of
   *     {@code said} is outside 0 to 1
   */
  public void store(float[] embedding, int label, float[] said) {
    store(Long.MAX_VALUE, embedding, label, said);
  }

  /**
   * The same of a row of a stream that the model is going to learn.
   *
   * @param row its number, by which it is {@link #forget forgotten} when the model has
   */
  public void store(long row, float[] embedding, int label, float[] said) {
    if (label < 0) {
      throw new IllegalArgumentException("expected the place of a class, got " + label);
    }
    float scale = scale(embedding);
    float[] kept = embedding.clone();
    float[] probabilities = distribution(said).clone();
    int[] own = hashes.of(kept);
    lock.writeLock().lock();
    try {
      long number = stored++;
      int place = place(number);
      if (place >= 0) {
        var entry = new Entry(kept, scale, own, label, probabilities, number, row);
        if (place < entries.size()) {
          hashes.remove(place, entries.get(place).hashes);
          entries.set(place, entry);
        } else {
          entries.add(entry);
        }
        hashes.add(place, own);
      }
    } finally {
      lock.writeLock().unlock();
    }
  }

  /** Where the error of that number goes; -1 for nowhere. */
  private int place(long number) {
    if (number < options.capacity()) {
      return (int) number;
    }
    if (options.keeping() == RecallOptions.Keeping.LATEST) {
      return (int) (number % options.capacity());
    }
    // Algorithm R (Vitter 1985): the newest takes a random one of number + 1 places, if that is one of the memory's.
    long drawn = (long) (random.uniform(number) * (number + 1));
    return drawn < options.capacity() ? (int) drawn : -1;
  }

  /**
   * What the model says of an input, corrected by its errors at like inputs.
   *
   * @param said the model's probabilities
   * @return a distribution over as many classes, or more where errors of like inputs were of newer classes
   * @throws IllegalArgumentException as {@link #store} does
   */
  public float[] correct(float[] embedding, float[] said) {
    return correct(embedding, said, Long.MIN_VALUE);
  }

  /**
   * The same by the errors of later rows alone.
   *
   * @param learned the number of the last row that the model has learned which said that
   */
  public float[] correct(float[] embedding, float[] said, long learned) {
    float scale = scale(embedding);
    distribution(said);
    int[] own = hashes.of(embedding);
    List<Near> near;
    lock.readLock().lock();
    try {
      near = near(embedding, scale, hashes.find(own), learned);
    } finally {
      lock.readLock().unlock();
    }
    if (near.isEmpty() || options.strength() == 0) {
      return said.clone();
    }
    return corrected(said, near);
  }

  private float[] corrected(float[] said, List<Near> near) {
    int classes = said.length;
    double sum = options.doubt();
    for (Near one : near) {
      classes = Math.max(classes, Math.max(one.entry.label + 1, one.entry.said.length));
      sum += one.weight();
    }
    double[] corrected = new double[classes];
    for (int c = 0; c < said.length; c++) {
      corrected[c] = said[c];
    }
    for (Near one : near) {
      double share = sum > 0 ? options.strength() * one.weight() / sum : 0;
      for (int c = 0; c < one.entry.said.length; c++) {
        corrected[c] -= share * one.entry.said[c];
      }
      corrected[one.entry.label] += share;
    }
    double total = 0;
    for (int c = 0; c < classes; c++) {
      corrected[c] = Math.max(0, corrected[c]);
      total += corrected[c];
    }
    float[] result = new float[classes];
    for (int c = 0; c < classes; c++) {
      result[c] = (float) (corrected[c] / total);
    }
    return result;
  }

  /** The entries at these places that weigh most, the newer before the older where they weigh the same. */
  private List<Near> near(float[] embedding, float scale, BitSet places, long learned) {
    var heaviest = new PriorityQueue<>(LIGHTEST_FIRST);
    double fading = Math.log(2) / options.halfLife();
    for (int place = places.nextSetBit(0); place >= 0; place = places.nextSetBit(place + 1)) {
      Entry entry = entries.get(place);
      if (entry.row <= learned) {
        continue;
      }
      double distance = Math.max(0, 1 - VectorUtil.dotProduct(embedding, entry.embedding) * scale * entry.scale);
      double logWeight = -distance / options.bandwidth() - (stored - 1 - entry.number) * fading;
      if (heaviest.size() < options.neighbours()) {
        heaviest.add(new Near(entry, logWeight));
      } else if (logWeight > heaviest.element().logWeight) {
        heaviest.remove();
        heaviest.add(new Near(entry, logWeight));
      }
    }
    return heaviest.stream().sorted(LIGHTEST_FIRST.reversed()).toList();
  }

  /**
   * Tells what an updated model says of the inputs that are kept, so that what it has learned is not corrected again:
   * their embeddings go through its head alone. Stored and corrected in between are held up.
   *
   * @param said the model's probabilities for an embedding as it was stored
   */
  public void updated(UnaryOperator<float[]> said) {
    lock.writeLock().lock();
    try {
      entries.replaceAll(entry -> new Entry(entry.embedding, entry.scale, entry.hashes, entry.label,
          distribution(said.apply(entry.embedding)).clone(), entry.number, entry.row));
    } finally {
      lock.writeLock().unlock();
    }
  }

  /**
   * Forgets the errors of rows that the model has learned: what is left is as if nothing else had been stored. O(errors).
   *
   * @param learned the number of the last such row
   */
  public void forget(long learned) {
    lock.writeLock().lock();
    try {
      List<Entry> left = entries.stream().filter(entry -> entry.row > learned)
          .sorted(Comparator.comparingLong(Entry::number)).toList();
      if (left.size() == stored) {
        return;
      }
      clear();
      for (Entry entry : left) {
        hashes.add(entries.size(), entry.hashes);
        entries.add(new Entry(
            entry.embedding, entry.scale, entry.hashes, entry.label, entry.said, stored++, entry.row));
      }
    } finally {
      lock.writeLock().unlock();
    }
  }

  /** Forgets all errors: for after an update whose head cannot be asked about embeddings. */
  public void clear() {
    lock.writeLock().lock();
    try {
      for (int place = 0; place < entries.size(); place++) {
        hashes.remove(place, entries.get(place).hashes);
      }
      entries.clear();
      stored = 0;
    } finally {
      lock.writeLock().unlock();
    }
  }

  /** How many errors are kept. */
  public int size() {
    lock.readLock().lock();
    try {
      return entries.size();
    } finally {
      lock.readLock().unlock();
    }
  }

  /** The numbers of the errors that are kept. */
  List<Long> numbers() {
    return entries.stream().map(Entry::number).sorted().toList();
  }

  private float scale(float[] embedding) {
    if (embedding.length != width) {
      throw new IllegalArgumentException("expected an embedding of " + width + " numbers, got one of " + embedding.length);
    }
    double squares = 0;
    for (float number : embedding) {
      squares += (double) number * number;
    }
    if (!(squares > 0) || Double.isInfinite(squares)) {
      throw new IllegalArgumentException("expected an embedding of finite numbers that are not all 0, got one whose "
          + width + " numbers have the sum of squares " + squares);
    }
    return (float) (1 / Math.sqrt(squares));
  }

  private static float[] distribution(float[] said) {
    for (float probability : said) {
      if (!(probability >= 0 && probability <= 1.0001)) {
        throw new IllegalArgumentException("expected probabilities of 0 to 1, got " + probability);
      }
    }
    return said;
  }
}
