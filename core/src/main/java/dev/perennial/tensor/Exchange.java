package dev.perennial.tensor;

import java.util.SortedMap;
import org.bytedeco.pytorch.Tensor;

/**
 * How the replicas of a learner that share out the rows of every batch add up what each made of its own.
 *
 * <p>A batch is cut into lanes, as many for any number of replicas. A replica computes the lanes that it owns, in turn,
 * and the sum over all lanes is taken in an order that the number of replicas does not change: so the sum is the same, to
 * the bit, for one replica as for eight.
 */
public interface Exchange {

  /** One learner by itself: a lane for each of its workers, added one after another. */
  Exchange ALONE = new Exchange() {
    @Override
    public int lanes(int workers) {
      return workers;
    }

    @Override
    public boolean owns(int lane) {
      return true;
    }

    @Override
    public void sum(SortedMap<Integer, Tensor> parts, Tensor into) {
      parts.forEach((lane, part) -> {
        if (part != into) {
          into.add_(part);
        }
      });
    }
  };

  /**
   * Pieces that a batch is cut into.
   *
   * @param workers threads of this replica
   */
  int lanes(int workers);

  /** Whether this replica computes that lane. */
  boolean owns(int lane);

  /**
   * The sum over the lanes of all replicas. Every replica calls it as often as the others, in the same order; it waits
   * for them.
   *
   * @param parts by lane, those that this replica owns and that had rows; they may be changed
   * @param into where the sum goes; may be the first of the parts, and what else it holds is overwritten by an exchange
   *     of several replicas. For {@link #ALONE} it is the first part
   */
  void sum(SortedMap<Integer, Tensor> parts, Tensor into);
}
