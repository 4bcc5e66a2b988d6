package dev.perennial.learn.prototype;

import dev.perennial.FailureException;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/*
 * Discrete Key-Value Bottleneck (arXiv 2207.11240), with features f:
 *   z_c = P_c f                                         one random projection for each of C codebooks
 *   k_c = argmin_k |z_c - key_ck|                       one of m keys
 *   logits = mean_c value_c,k_c                         the decoder only averages
 * Keys follow the features of unlabelled rows (exponential moving averages of VQ-VAE, arXiv 1711.00937), for the rows z
 * of a batch that are nearest to the key, n of them:
 *   N' = decay N + (1 - decay) n        key' = (decay N key + (1 - decay) sum z) / N'
 * Values follow the cross-entropy of each row, only where they were fetched, and so that its logits move by the rate:
 *   value_c,k_c <- value_c,k_c + rate (y - softmax(logits))
 */
/** Codebooks of keys that find values, and of values that speak for classes. */
final class KeyValueCodes implements AutoCloseable {

  private final TensorOwner owner = new TensorOwner();
  private final int codebooks;
  private final int keysEach;
  private final int keyWidth;
  private final Tensor projections;
  private Tensor keys;
  private Tensor values;
  private @Nullable Tensor hits;

  /** Codes without keys, over features of that width. */
  KeyValueCodes(int width, int codebooks, int keysEach, int keyWidth, CounterRandom random) {
    this.codebooks = codebooks;
    this.keysEach = keysEach;
    this.keyWidth = keyWidth;
    float[] entries = new float[Math.multiplyExact(Math.multiplyExact(width, codebooks), keyWidth)];
    double scale = 1 / Math.sqrt(keyWidth);
    for (int i = 0; i < entries.length; i++) {
      entries[i] = (float) (scale * random.gaussian(i));
    }
    try (TensorScope scope = TensorScope.inference()) {
      projections = owner.keep(Tensors.floats(entries, width, (long) codebooks * keyWidth));
      keys = owner.keep(Tensors.zeros(codebooks, 0, keyWidth));
      values = owner.keep(Tensors.zeros((long) codebooks * keysEach, 0));
    }
  }

  /** {@code [codebooks, rows, keyWidth]} of {@code [rows, width]}. */
  private Tensor projected(Tensor features) {
    return torch.mm(features, projections).view(-1, codebooks, keyWidth).transpose(0, 1).contiguous();
  }

  /** Starts the keys at the features of rows, {@code [keysEach, width]}. */
  void place(Tensor features) {
    keys = owner.replace(keys, projected(features));
    hits = owner.keep(torch.ones_like(keys.select(2, 0)).contiguous());
  }

  /** Moves the keys towards the features of a batch, {@code [rows, width]}. */
  void moveKeys(Tensor features, double decay) {
    Tensor counts = hits;
    if (counts == null) {
      throw new IllegalStateException("keys move between being placed and being frozen");
    }
    Tensor nearest = nearest(features);
    Tensor flat = projected(features).reshape(-1, keyWidth);
    Tensor sums = Tensors.zeros((long) codebooks * keysEach, keyWidth).index_add_(0, nearest, flat);
    Tensor found = Tensors.zeros((long) codebooks * keysEach)
        .index_add_(0, nearest, torch.ones_like(nearest).to(torch.ScalarType.Float));
    Tensor before = counts.view(-1).mul(new Scalar(decay));
    Tensor after = before.add(found.mul(new Scalar(1 - decay)));
    Tensor positions = keys.view(-1, keyWidth);
    Tensor moved = positions.mul(before.unsqueeze(1)).add(sums.mul(new Scalar(1 - decay))).div(after.unsqueeze(1));
    positions.copy_(torch.where(found.gt(new Scalar(0)).unsqueeze(1), moved, positions));
    counts.view(-1).copy_(after);
  }

  /** Ends the keys' moving. */
  void freezeKeys() {
    if (hits != null) {
      owner.release(hits);
      hits = null;
    }
  }

  /** The nearest key of every codebook and row, {@code [codebooks * rows]}, numbered over all codebooks. */
  private Tensor nearest(Tensor features) {
    Tensor z = projected(features);
    // |z - key|² = |z|² - 2 z·key + |key|², of which the first is the same for all keys.
    Tensor lengths = keys.square().sum(new long[] {2}, false, new ScalarTypeOptional()).unsqueeze(1);
    Tensor distances = lengths.sub(torch.bmm(z, keys.transpose(1, 2)).mul(new Scalar(2.0)));
    Tensor places = distances.argmin(new LongOptional(2), false);
    long[] firsts = new long[codebooks];
    for (int c = 0; c < codebooks; c++) {
      firsts[c] = (long) c * keysEach;
    }
    return places.add(Tensors.longs(firsts, codebooks, 1)).view(-1);
  }

  /** Makes room for classes; their values are 0. */
  void grow(int classes) {
    long added = classes - values.size(1);
    if (added > 0) {
      values = owner.replace(values, Tensors.concat(1, values, Tensors.zeros(values.size(0), added)).contiguous());
    }
  }

  /** Moves the values that these rows fetch, {@code [rows, width]}. */
  void learn(Tensor features, long[] labels, double rate) {
    Tensor nearest = nearest(features);
    Tensor error = torch.softmax(logits(nearest), 1).neg();
    Tensor rows = torch.ones_like(error.narrow(1, 0, 1));
    error.scatter_add_(1, Tensors.longs(labels, labels.length, 1), rows);
    Tensor each = error.mul(new Scalar(rate)).unsqueeze(0).expand(codebooks, -1, -1).reshape(-1, values.size(1));
    values.index_add_(0, nearest, each);
  }

  private Tensor logits(Tensor nearest) {
    return values.index_select(0, nearest).view(codebooks, -1, values.size(1))
        .mean(new long[] {0}, false, new ScalarTypeOptional());
  }

  /** {@code [rows, classes]} of {@code [rows, width]}. O(rows * codebooks * keys * keyWidth). */
  Tensor scores(Tensor features) {
    return logits(nearest(features));
  }

  /** Numbers in the keys. */
  long keyNumbers() {
    return keys.numel();
  }

  /** Numbers in the values. */
  long valueNumbers() {
    return values.numel();
  }

  /** Bytes of the counts that keys keep while they move. */
  long countBytes() {
    return hits == null ? 0 : hits.nbytes();
  }

  /** Keys, and their counts while they move. Views. */
  Map<String, TensorData> keyState() {
    var tensors = new TreeMap<String, TensorData>();
    tensors.put("keys", Tensors.view(keys));
    if (hits != null) {
      tensors.put("hits", Tensors.view(hits));
    }
    return tensors;
  }

  /** The values. A view. */
  Map<String, TensorData> valueState() {
    return Map.of("values", Tensors.view(values));
  }

  /**
   * Takes over keys and values.
   *
   * @throws FailureException if they are not those of such codebooks
   */
  void restore(StatePart keyPart, StatePart valuePart) {
    TensorData oldKeys = keyPart.tensor("keys");
    TensorData oldValues = valuePart.tensor("values");
    List<Long> none = List.of((long) codebooks, 0L, (long) keyWidth);
    List<Long> all = List.of((long) codebooks, (long) keysEach, (long) keyWidth);
    long rows = oldValues.shape().isEmpty() ? 0 : oldValues.shape().getFirst();
    if (!(oldKeys.shape().equals(all) || oldKeys.shape().equals(none)) || rows != (long) codebooks * keysEach) {
      throw new FailureException("expected keys " + all + " and as many values in the state of key-value codes, found "
          + oldKeys + " and " + oldValues);
    }
    keys = owner.replace(keys, Tensors.copyOf(oldKeys));
    values = owner.replace(values, Tensors.copyOf(oldValues));
    if (keyPart.tensors().containsKey("hits")) {
      hits = owner.keep(Tensors.copyOf(keyPart.tensor("hits")));
    }
  }

  @Override
  public void close() {
    owner.close();
  }
}
