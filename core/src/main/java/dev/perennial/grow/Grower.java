package dev.perennial.grow;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/*
 * The evidence wishes, the budget decides:
 *   value <= update          REUSE the nearest brick
 *   update < value <= add    UPDATE the nearest brick
 *   add < value              ADD, if a brick fits into the room that is left;
 *                            else MERGE the two bricks that are most alike, until one fits, and then ADD;
 *                            else, where no merging makes room, UPDATE the nearest brick
 * Two bricks of p and q parameters become one of max(p, q), so that merging frees min(p, q).
 */
/** Decides what is done about an experience. Pure: the same evidence, room and bricks, the same moves. */
public final class Grower {

  private Grower() {}

  /**
   * The moves, in the order in which they are done; never none. O(bricks³ * centre) where bricks are merged.
   *
   * @param evidence null where no brick is held
   * @param wanted where a new brick would go
   */
  public static List<Move> moves(@Nullable Evidence evidence, Place wanted, Room room, List<Held> held) {
    if (evidence == null || held.isEmpty()) {
      return List.of(room.fits(wanted, 0, 0)
          ? new Move(Decision.ADD, 0, -1, wanted, 0, 1, "the first brick of at most " + room.bricks())
          : new Move(Decision.REUSE, -1, -1, new Place(wanted.site(), 0, 0), 0, 0,
              "the backbone alone: the budget leaves no room for a brick of " + wanted.parameters() + " parameters"));
    }
    Decision wish = evidence.wish();
    if (wish != Decision.ADD) {
      return List.of(stay(wish, evidence, wanted, held, wish == Decision.REUSE
          ? told(evidence) + " is at most " + told(evidence.update())
          : told(evidence) + " is at most " + told(evidence.add())));
    }
    String above = told(evidence) + " is above " + told(evidence.add());
    var moves = new ArrayList<Move>();
    var left = new ArrayList<>(held);
    long freed = 0;
    while (!room.fits(wanted, left.size(), freed)) {
      if (left.size() < 2) {
        return List.of(stay(Decision.UPDATE, evidence, wanted, held,
            above + ", but the budget leaves no room for another brick"));
      }
      int[] pair = mostAlike(left);
      Held one = left.get(pair[0]);
      Held other = left.remove(pair[1]);
      double likeness = one.likeness(other);
      long size = Math.max(one.parameters(), other.parameters());
      freed += one.parameters() + other.parameters() - size;
      left.set(pair[0], new Held(one.name(), size, sum(one.centre(), other.centre())));
      moves.add(new Move(Decision.MERGE, pair[0], pair[1], new Place(wanted.site(), wanted.rank(), size), likeness,
          left.size(), one.name() + " takes in " + other.name() + ", cosine " + told(likeness) + ", and frees room"));
    }
    moves.add(new Move(Decision.ADD, left.size(), -1, wanted, evidence.value(), left.size() + 1,
        above + "; " + (left.size() + 1) + " of at most " + room.bricks() + " bricks held"));
    return List.copyOf(moves);
  }

  private static Move stay(Decision decision, Evidence evidence, Place wanted, List<Held> held, String why) {
    Held nearest = held.get(evidence.nearest());
    return new Move(decision, evidence.nearest(), -1, new Place(wanted.site(), wanted.rank(), nearest.parameters()),
        evidence.value(), held.size(), nearest.name() + ": " + why);
  }

  /** The two whose centres have the largest cosine, the smaller number first; the first such pair. */
  static int[] mostAlike(List<Held> held) {
    int[] best = {0, 1};
    double most = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < held.size(); i++) {
      for (int j = i + 1; j < held.size(); j++) {
        double likeness = held.get(i).likeness(held.get(j));
        if (likeness > most) {
          most = likeness;
          best = new int[] {i, j};
        }
      }
    }
    return best;
  }

  private static double[] sum(double[] one, double[] other) {
    double[] sum = one.clone();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += other[i];
    }
    return sum;
  }

  private static String told(Evidence evidence) {
    return evidence.signal() + " " + told(evidence.value());
  }

  private static String told(double number) {
    return String.format(Locale.ROOT, "%.4g", number);
  }
}
