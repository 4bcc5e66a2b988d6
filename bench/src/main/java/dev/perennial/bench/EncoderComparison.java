package dev.perennial.bench;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.backbone.Row;
import dev.perennial.data.Input;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Our encoder and ONNX Runtime's, on the same texts and as many threads, by turns.
 *
 * <p>Both sides start from texts and end with one array of features a text: finding the tokens is timed on both. Ours
 * starts with an empty cache every time.
 */
final class EncoderComparison {

  private static final int WARM_UP_TEXTS = 320;
  private static final long CACHE_BYTES = 256L << 20;
  private static final double NANOS = 1e9;

  private final LongSupplier ticker;
  private final PrintWriter err;

  /**
   * @param ticker nanoseconds since some moment
   * @param err where progress is shown
   */
  EncoderComparison(LongSupplier ticker, PrintWriter err) {
    this.ticker = ticker;
    this.err = err;
  }

  /** Measures. Texts are at least one, all different. */
  EncoderFigures run(List<Input> texts, int threads, int repeats) {
    err.println("encoder: loading both encoders");
    try (var workers = new Workers(threads);
        Backbone backbone = Backbones.load("minilm");
        var peer = new OnnxEncoder(threads)) {
      err.println("encoder: warming up");
      List<Input> few = texts.subList(0, Math.min(WARM_UP_TEXTS, texts.size()));
      peer.encode(backbone.prepare(few));
      ours(few, backbone, workers);
      var peerSeconds = new ArrayList<Double>();
      var ourSeconds = new ArrayList<Double>();
      double difference = 0;
      for (int repeat = 1; repeat <= repeats; repeat++) {
        err.println("encoder: repeat " + repeat + " of " + repeats);
        long start = ticker.getAsLong();
        float[][] theirs = peer.encode(backbone.prepare(texts));
        long middle = ticker.getAsLong();
        float[] ours = ours(texts, backbone, workers);
        ourSeconds.add((ticker.getAsLong() - middle) / NANOS);
        peerSeconds.add((middle - start) / NANOS);
        difference = Math.max(difference, difference(theirs, ours));
      }
      long tokens = backbone.prepare(texts).stream().mapToLong(Row::length).sum();
      var peerSide = EncoderFigures.Side.of(new Timings(peerSeconds), texts.size(), tokens);
      var ourSide = EncoderFigures.Side.of(new Timings(ourSeconds), texts.size(), tokens);
      return new EncoderFigures(Machine.here(threads), peer.version(), texts.size(), tokens, repeats, peerSide, ourSide,
          peerSide.seconds() / ourSide.seconds(), difference);
    }
  }

  private static float[] ours(List<Input> texts, Backbone backbone, Workers workers) {
    var cache = new FeatureCache(backbone, workers, CACHE_BYTES);
    try (TensorScope scope = TensorScope.inference()) {
      return Tensors.toFloats(cache.features(texts, FeatureCache.Frozen.BACKBONE));
    }
  }

  /** The largest absolute difference; not a number where any feature is none. */
  static double difference(float[][] rows, float[] flat) {
    double largest = 0;
    int at = 0;
    for (float[] row : rows) {
      for (float feature : row) {
        largest = Math.max(largest, Math.abs((double) feature - flat[at++]));
      }
    }
    if (at != flat.length) {
      throw new IllegalArgumentException("expected as many features on both sides, got " + at + " and " + flat.length);
    }
    return largest;
  }
}
