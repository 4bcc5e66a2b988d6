package dev.perennial.shrink;

import dev.perennial.UsageException;
import dev.perennial.tensor.TensorData;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/*
 * Magnitude pruning (Han et al., arXiv 1506.02626): of each matrix by itself the smallest numbers become 0; or, N:M, all
 * but the N largest of every M that follow each other in a row (arXiv 2104.08378), where the last ones of a row that are
 * fewer than M keep N of them too.
 */
/**
 * Which numbers of a matrix are left out.
 *
 * @param sparsity share of the numbers, 0 to below 1; with a structure 1 - N/M
 * @param keep N; 0 where there is no structure
 * @param of M; 0 where there is no structure
 */
public record Pruning(double sparsity, int keep, int of) {

  private static final Pattern STRUCTURE = Pattern.compile("(\\d{1,4}):(\\d{1,4})");

  /** Checks the ranges. */
  public Pruning {
    if (!(sparsity >= 0 && sparsity < 1)) {
      throw new UsageException("expected a sparsity from 0 to below 1, got " + sparsity);
    }
    if (keep < 0 || of < keep || of > 0 && keep == 0) {
      throw new UsageException("expected a structure N:M with N from 1 to M, got " + keep + ":" + of);
    }
  }

  /** The smallest numbers of a matrix, wherever they are. */
  public static Pruning unstructured(double sparsity) {
    return new Pruning(sparsity, 0, 0);
  }

  /**
   * A structure as a user writes it: {@code 2:4} keeps the 2 largest of every 4.
   *
   * @throws UsageException if it is none
   */
  public static Pruning structure(String text) {
    Matcher numbers = STRUCTURE.matcher(text);
    if (!numbers.matches()) {
      throw new UsageException("expected a structure N:M such as 2:4, which keeps 2 of every 4 numbers, got " + text);
    }
    int keep = Integer.parseInt(numbers.group(1));
    int of = Integer.parseInt(numbers.group(2));
    return new Pruning(of == 0 ? 0 : Math.max(0, 1 - (double) keep / of), keep, of);
  }

  /** As lineage has it: {@code 0.5}, or {@code 2:4}. */
  public String text() {
    return of == 0 ? Double.toString(sparsity) : keep + ":" + of;
  }

  /**
   * The matrix with zeros for what is left out; of equal magnitudes those that come first stay. O(n log n).
   *
   * @param columns of a row
   */
  public float[] pruned(float[] weights, int columns) {
    float[] pruned = weights.clone();
    if (of == 0) {
      drop(weights, 0, weights.length, weights.length - (int) Math.round(sparsity * weights.length), pruned);
      return pruned;
    }
    for (int row = 0; row < weights.length; row += columns) {
      for (int from = row; from < row + columns; from += of) {
        drop(weights, from, Math.min(from + of, row + columns), keep, pruned);
      }
    }
    return pruned;
  }

  private static void drop(float[] weights, int from, int to, int kept, float[] pruned) {
    IntStream.range(from, to).boxed()
        .sorted((i, j) -> Float.compare(Math.abs(weights[j]), Math.abs(weights[i])))
        .skip(kept).forEach(i -> pruned[i] = 0);
  }

  /**
   * All matrices among some weights pruned.
   *
   * @return these alone, as a pile that cannot be loaded in part
   * @throws UsageException if none of them is a matrix
   */
  public Packed of(Map<String, TensorData> tensors) {
    var pruned = new LinkedHashMap<String, PackedTensor>();
    tensors.forEach((name, data) -> {
      if (Shrink.isMatrix(data)) {
        int rows = data.shape().getFirst().intValue();
        int columns = data.shape().getLast().intValue();
        pruned.put(name, SparseCoding.encode(pruned(data.floats(), columns), rows, columns));
      }
    });
    if (pruned.isEmpty()) {
      throw new UsageException("expected matrices of at least " + ShrinkOptions.LEAST_NUMBERS + " numbers to prune, got none");
    }
    return Packed.byLevel(pruned);
  }
}
