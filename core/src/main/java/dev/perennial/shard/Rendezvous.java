package dev.perennial.shard;

import dev.perennial.tensor.Exchange;
import java.util.SortedMap;
import java.util.concurrent.Phaser;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/*
 * The sum over lanes is that of a full binary tree:
 *   sum(from, to) = sum(from, middle) + sum(middle, to)        a lane without rows is left out
 * A replica owns a whole subtree. So the additions are the same for 1, 2, 4 and 8 replicas: those within a subtree are
 * made by its replica, those above by all of them.
 */
/** Where the replicas of one process meet to add up their lanes. */
final class Rendezvous {

  private final int replicas;
  private final Phaser meeting;
  private final @Nullable Tensor[] subtrees;

  Rendezvous(int replicas) {
    this.replicas = replicas;
    this.meeting = new Phaser(replicas);
    this.subtrees = new Tensor[replicas];
  }

  /** The exchange of one replica. */
  Exchange of(int replica) {
    int own = Replicas.LANES / replicas;
    return new Exchange() {
      @Override
      public int lanes(int workers) {
        return Replicas.LANES;
      }

      @Override
      public boolean owns(int lane) {
        return lane / own == replica;
      }

      @Override
      public void sum(SortedMap<Integer, Tensor> parts, Tensor into) {
        var lanes = new Tensor[own];
        parts.forEach((lane, part) -> lanes[lane - replica * own] = part);
        subtrees[replica] = tree(lanes, 0, own);
        await();
        Tensor total = replicas == 1 ? subtrees[0] : tree(subtrees.clone(), 0, replicas);
        if (total == null) {
          throw new IllegalStateException("no replica has a row of the batch");
        }
        Tensor sum = total == into ? into : total.clone();
        // Nobody changes what another may still be reading.
        await();
        if (sum != into) {
          into.copy_(sum);
        }
      }
    };
  }

  private static @Nullable Tensor tree(@Nullable Tensor[] leaves, int from, int to) {
    if (to - from == 1) {
      return leaves[from];
    }
    int middle = (from + to) >>> 1;
    Tensor left = tree(leaves, from, middle);
    Tensor right = tree(leaves, middle, to);
    if (left == null || right == null) {
      return left == null ? right : left;
    }
    return left.add(right);
  }

  private void await() {
    if (meeting.arriveAndAwaitAdvance() < 0) {
      throw new AbandonedException();
    }
  }

  /** Sends home those that wait, and all that come, since one failed. */
  void abandon() {
    meeting.forceTermination();
  }

  /** What replicas end with when another one failed. */
  static final class AbandonedException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    private AbandonedException() {
      super("another replica failed");
    }
  }
}
