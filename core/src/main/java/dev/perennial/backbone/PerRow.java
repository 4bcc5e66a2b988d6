package dev.perennial.backbone;

import dev.perennial.tensor.Device;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
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
   * The function that is {@code choices.get(rows[i])} for row i, each applied to its own rows.
   *
   * @param choices null where there is nothing but the frozen map
   * @param rows one number a row of the batch; each has equally many tokens, which lie one after another
   */
  static SiteFunction grouped(List<? extends @Nullable SiteFunction> choices, int[] rows) {
    return (input, output) -> grouped(choices, rows, input, output);
  }

  /** Which choice each row takes, {@code [rows]}. */
  static Tensor places(int[] rows) {
    return Tensors.longs(index(rows), rows.length);
  }

  /**
   * The thin matrices of all choices under one another, so that those of any rows are gathered at once.
   *
   * @param down {@code [choices, rank, in]}
   * @param up {@code [choices, out, rank]}, with the scale in it
   */
  record Stack(Tensor down, Tensor up) {

    /**
     * The function of rows, each with the matrices of its choice.
     *
     * @param places {@code [rows]}, int64, which choice each row takes
     */
    SiteFunction of(Tensor places) {
      Tensor downs = torch.index_select(down, 0, places).transpose(1, 2);
      Tensor ups = torch.index_select(up, 0, places).transpose(1, 2);
      int rows = (int) places.size(0);
      return (input, output) -> {
        Tensor low = torch.bmm(byRow(input, rows), Device.beside(input, downs));
        return torch.baddbmm(byRow(output, rows), low, Device.beside(input, ups)).view(output.shape());
      };
    }
  }

  /**
   * The stack of what choices do at a site, in the open scope; null where one of them is another function, or all are
   * nothing.
   *
   * @param choices null where there is nothing but the frozen map
   */
  static @Nullable Stack stack(List<? extends @Nullable SiteFunction> choices) {
    LowRank some = null;
    int rank = 0;
    for (SiteFunction choice : choices) {
      if (choice instanceof LowRank map) {
        some = map;
        rank = Math.max(rank, map.rank());
      } else if (choice != null) {
        return null;
      }
    }
    if (some == null) {
      return null;
    }
    Tensor[] downs = new Tensor[choices.size()];
    Tensor[] ups = new Tensor[choices.size()];
    float[] scales = new float[choices.size()];
    for (int i = 0; i < downs.length; i++) {
      if (choices.get(i) instanceof LowRank(Tensor down, Tensor up, double scale)) {
        long missing = rank - down.size(0);
        downs[i] = missing == 0 ? down : torch.constant_pad_nd(down, new long[] {0, 0, 0, missing});
        ups[i] = missing == 0 ? up : torch.constant_pad_nd(up, new long[] {0, missing});
        scales[i] = (float) scale;
      } else {
        downs[i] = Tensors.zeros(rank, some.down().size(1));
        ups[i] = Tensors.zeros(some.up().size(0), rank);
      }
    }
    Tensor down = Tensors.concat(0, downs);
    Tensor up = Tensors.concat(0, ups).view(downs.length, -1, rank);
    return new Stack(down.view(downs.length, rank, -1),
        up.mul(Device.beside(up, Tensors.floats(scales, scales.length, 1, 1))));
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
