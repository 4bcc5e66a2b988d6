package dev.perennial.backbone;

import dev.perennial.UsageException;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Tokens that bricks put before the tokens of every row.
 *
 * <p>A prompt goes through all blocks as tokens do; a prefix is seen by the attention of one block alone. Both take the
 * first positions, so that a row's own tokens come after them. What comes out for virtual tokens is no part of a row's
 * features.
 *
 * @param prompt embeddings, {@code [tokens, hidden]}, or {@code [rows, tokens, hidden]} where every row has its own; null
 *     for none
 * @param prefixes by block, all equally long
 * @param shift what is added to the embeddings of a row's own tokens, by their place in the row:
 *     {@code [places, hidden]}; tokens beyond the last place are left as they are; null for nothing
 */
public record VirtualTokens(@Nullable Tensor prompt, Map<Integer, Prefix> prefixes, @Nullable Tensor shift) {

  /** No tokens. */
  public static final VirtualTokens NONE = new VirtualTokens(null, Map.of(), null);

  /**
   * What the attention of a block sees beside its own tokens.
   *
   * @param key {@code [tokens, hidden]}, or {@code [rows, tokens, hidden]} where every row has its own
   * @param value of the same shape
   */
  public record Prefix(Tensor key, Tensor value) {}

  /** Copies the map. */
  public VirtualTokens {
    prefixes = Map.copyOf(prefixes);
  }

  /** Tokens of the prompt. */
  int promptLength() {
    return prompt == null ? 0 : (int) prompt.size(-2);
  }

  /** Tokens of the prefixes. */
  int prefixLength() {
    return prefixes.values().stream().findFirst().map(prefix -> (int) prefix.key().size(-2)).orElse(0);
  }

  boolean isEmpty() {
    return prompt == null && prefixes.isEmpty() && shift == null;
  }

  /** These tokens and then those of another brick; shifts are added. */
  VirtualTokens and(VirtualTokens other) {
    var both = new TreeMap<>(prefixes);
    other.prefixes.forEach((block, prefix) -> both.merge(block, prefix, (one, two) -> new Prefix(
        Tensors.concat(-2, one.key(), two.key()), Tensors.concat(-2, one.value(), two.value()))));
    return new VirtualTokens(joined(prompt, other.prompt), both, summed(shift, other.shift));
  }

  private static @Nullable Tensor joined(@Nullable Tensor one, @Nullable Tensor two) {
    return one == null ? two : two == null ? one : Tensors.concat(-2, one, two);
  }

  private static @Nullable Tensor summed(@Nullable Tensor one, @Nullable Tensor two) {
    if (one == null || two == null) {
      return one == null ? two : one;
    }
    long places = Math.max(one.size(0), two.size(0));
    return padded(one, places).add(padded(two, places));
  }

  private static Tensor padded(Tensor shift, long places) {
    return places == shift.size(0)
        ? shift
        : Tensors.concat(0, shift, Tensors.zeros(places - shift.size(0), shift.size(1)));
  }

  /**
   * The tokens of a batch in which row i has those of {@code choices.get(rows[i])}.
   *
   * @throws UsageException if they differ in number, which rows of one batch cannot
   */
  static VirtualTokens byRow(List<VirtualTokens> choices, int[] rows) {
    VirtualTokens first = choices.getFirst();
    for (VirtualTokens other : choices) {
      if (other.promptLength() != first.promptLength() || !other.prefixes.keySet().equals(first.prefixes.keySet())
          || other.prefixLength() != first.prefixLength() || other.shift != null || first.shift != null) {
        throw new UsageException("expected bricks with equally many virtual tokens, and no shift of embeddings, for the"
            + " rows of one batch, got " + first.text() + " and " + other.text() + ": put such rows in separate batches");
      }
    }
    long[] index = new long[rows.length];
    for (int i = 0; i < index.length; i++) {
      index[i] = rows[i];
    }
    Tensor prompt = first.prompt == null ? null : picked(choices.stream().map(VirtualTokens::prompt).toList(), index);
    var prefixes = new TreeMap<Integer, Prefix>();
    for (Integer block : first.prefixes.keySet()) {
      List<Prefix> all = choices.stream().map(choice -> choice.at(block)).toList();
      prefixes.put(block, new Prefix(
          picked(all.stream().map(Prefix::key).toList(), index), picked(all.stream().map(Prefix::value).toList(), index)));
    }
    return new VirtualTokens(prompt, prefixes, null);
  }

  private Prefix at(int block) {
    Prefix prefix = prefixes.get(block);
    if (prefix == null) {
      throw new IllegalStateException("all bricks have a prefix for block " + block);
    }
    return prefix;
  }

  private String text() {
    return promptLength() + " of a prompt, " + prefixLength() + " of a prefix" + (shift == null ? "" : " and a shift");
  }

  private static Tensor picked(List<? extends @Nullable Tensor> choices, long[] index) {
    var levels = new ArrayList<Tensor>();
    for (Tensor choice : choices) {
      if (choice == null || choice.dim() != 2) {
        throw new IllegalArgumentException("rows pick among tokens that are not by row already");
      }
      levels.add(choice.unsqueeze(0));
    }
    return Tensors.rows(Tensors.concat(0, levels.toArray(new Tensor[0])), index);
  }

  /** Tokens for so many rows: {@code [rows, tokens, hidden]}. */
  static Tensor forRows(Tensor tokens, long rows) {
    return tokens.dim() == 3 ? tokens : tokens.unsqueeze(0).expand(rows, tokens.size(0), tokens.size(1));
  }

  /** The shift of rows of so many tokens, {@code [length, hidden]}; null for none. */
  @Nullable Tensor shift(int length) {
    if (shift == null) {
      return null;
    }
    long places = shift.size(0);
    return places >= length ? shift.narrow(0, 0, length) : torch.constant_pad_nd(shift, new long[] {0, 0, 0, length - places});
  }
}
