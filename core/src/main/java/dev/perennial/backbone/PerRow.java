package dev.perennial.backbone;

import dev.perennial.tensor.Device;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * What different bricks do at one site for the rows of one batch.
 *
 * <p>Where all of them are {@link LowRank}, or nothing, the rows are computed in two batched products, with the thin
 * matrices padded to the largest rank by zeros, which add nothing. Other functions are applied each to its own rows.
 */
final class PerRow {

  private PerRow() {}

  /**
   * The function that is {@code choices.get(rows[i])} for row i.
   *
   * @param choices null where there is nothing but the frozen map
   * @param rows one number a row of the batch; each has equally many tokens, which lie one after another
   */
  static SiteFunction of(List<? extends @Nullable SiteFunction> choices, int[] rows) {
    return choices.stream().allMatch(choice -> choice == null || choice instanceof LowRank)
        ? batched(choices, rows)
        : (input, output) -> grouped(choices, rows, input, output);
  }

  private static SiteFunction batched(List<? extends @Nullable SiteFunction> choices, int[] rows) {
    var maps = new ArrayList<@Nullable LowRank>();
    LowRank some = null;
    int rank = 0;
    for (SiteFunction choice : choices) {
      LowRank map = (LowRank) choice;
      maps.add(map);
      if (map != null) {
        some = map;
        rank = Math.max(rank, map.rank());
      }
    }
    if (some == null) {
      return (input, output) -> output;
    }
    Tensor[] downs = new Tensor[maps.size()];
    Tensor[] ups = new Tensor[maps.size()];
    for (int i = 0; i < downs.length; i++) {
      LowRank map = maps.get(i);
      if (map == null) {
        downs[i] = torch.zeros_like(some.down());
        ups[i] = torch.zeros_like(some.up());
      } else {
        downs[i] = map.down();
        ups[i] = map.up().mul(new Scalar(map.scale()));
      }
      downs[i] = torch.constant_pad_nd(downs[i], new long[] {0, 0, 0, rank - downs[i].size(0)}).unsqueeze(0);
      ups[i] = torch.constant_pad_nd(ups[i], new long[] {0, rank - ups[i].size(1)}).unsqueeze(0);
    }
    Tensor down = Tensors.rows(Tensors.concat(0, downs), index(rows)).transpose(1, 2);
    Tensor up = Tensors.rows(Tensors.concat(0, ups), index(rows)).transpose(1, 2);
    return (input, output) -> {
      Tensor low = torch.bmm(byRow(input, rows.length), Device.beside(input, down));
      Tensor added = torch.bmm(low, Device.beside(input, up));
      return output.add(added.view(output.shape()));
    };
  }

  private static Tensor grouped(
      List<? extends @Nullable SiteFunction> choices, int[] rows, Tensor input, Tensor output) {
    Tensor inputs = byRow(input, rows.length);
    Tensor outputs = byRow(output, rows.length);
    var parts = new ArrayList<Tensor>();
    long[] places = new long[rows.length];
    int done = 0;
    for (int choice = 0; choice < choices.size(); choice++) {
      var members = new ArrayList<Integer>();
      for (int row = 0; row < rows.length; row++) {
        if (rows[row] == choice) {
          places[row] = done++;
          members.add(row);
        }
      }
      if (members.isEmpty()) {
        continue;
      }
      int[] own = members.stream().mapToInt(Integer::intValue).toArray();
      Tensor index = Device.beside(input, Tensors.longs(index(own), own.length));
      Tensor ownOutput = torch.index_select(outputs, 0, index);
      SiteFunction function = choices.get(choice);
      parts.add(function == null
          ? ownOutput
          : function.apply(torch.index_select(inputs, 0, index).view(-1, input.size(1)),
              ownOutput.view(-1, output.size(1))).view(ownOutput.shape()));
    }
    Tensor joined = Tensors.concat(0, parts.toArray(new Tensor[0]));
    Tensor order = Device.beside(input, Tensors.longs(places, places.length));
    return torch.index_select(joined, 0, order).view(output.shape());
  }

  /** {@code [rows, tokens, features]} of {@code [rows * tokens, features]}. */
  private static Tensor byRow(Tensor flat, int rows) {
    if (flat.size(0) % rows != 0) {
      throw new IllegalArgumentException(
          "bricks were chosen for " + rows + " rows, and the batch has " + flat.size(0) + " tokens, which do not divide");
    }
    return flat.reshape(rows, flat.size(0) / rows, flat.size(1));
  }

  private static long[] index(int[] rows) {
    long[] index = new long[rows.length];
    for (int i = 0; i < index.length; i++) {
      index[i] = rows[i];
    }
    return index;
  }
}
