package dev.perennial.grow;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

final class GrowerTest {

  private static final Place PLACE = new Place("query", 4, 100);
  private static final double NO_LIMIT = Double.POSITIVE_INFINITY;
  private static final List<Held> THREE = List.of(
      new Held("a", 100, new double[] {1, 0, 0}), new Held("b", 100, new double[] {0, 1, 0.2}),
      new Held("c", 100, new double[] {0, 0.9, 0.3}));

  private static List<Decision> decisions(List<Move> moves) {
    return moves.stream().map(Move::decision).toList();
  }

  private static Evidence evidence(double value) {
    return new Evidence("novelty", value, 1, 2, 2);
  }

  @Test
  void moves_byEvidence_reuseUpdateOrAdd() {
    var room = new Room(NO_LIMIT, NO_LIMIT, 4);
    assertEquals(List.of(Decision.REUSE), decisions(Grower.moves(evidence(1), PLACE, room, THREE)));
    assertEquals(List.of(Decision.UPDATE), decisions(Grower.moves(evidence(1.5), PLACE, room, THREE)));
    assertEquals(2, Grower.moves(evidence(1.5), PLACE, room, THREE).getFirst().brick());
    Move added = Grower.moves(evidence(2.5), PLACE, room, THREE).getFirst();
    assertEquals(new Move(Decision.ADD, 3, -1, PLACE, 2.5, 4, "novelty 2.500 is above 2.000; 4 of at most 4 bricks held"),
        added);
  }

  @Test
  void moves_noRoom_mergesTheMostAlikeFirst() {
    List<Move> moves = Grower.moves(evidence(2.5), PLACE, new Room(NO_LIMIT, NO_LIMIT, 3), THREE);
    assertEquals(List.of(Decision.MERGE, Decision.ADD), decisions(moves));
    assertEquals(1, moves.getFirst().brick());
    assertEquals(2, moves.getFirst().other());
    assertEquals(2, moves.getLast().brick());
    assertEquals(3, moves.getLast().held());
    // 100 numbers are freed by one merge: those suffice where the budget has none left.
    assertEquals(List.of(Decision.MERGE, Decision.ADD),
        decisions(Grower.moves(evidence(2.5), PLACE, new Room(0, NO_LIMIT, 100), THREE)));
    assertEquals(List.of(Decision.MERGE, Decision.MERGE, Decision.ADD),
        decisions(Grower.moves(evidence(2.5), new Place("query", 8, 200), new Room(0, NO_LIMIT, 100), THREE)));
  }

  @Test
  void moves_roomThatNoMergeMakes_updatesAndMergesNothing() {
    assertEquals(List.of(Decision.UPDATE),
        decisions(Grower.moves(evidence(2.5), new Place("query", 16, 300), new Room(50, NO_LIMIT, 100), THREE)));
    List<Move> moves = Grower.moves(new Evidence("novelty", 3, 1, 2, 0), PLACE, new Room(NO_LIMIT, NO_LIMIT, 1),
        THREE.subList(0, 1));
    assertEquals(List.of(Decision.UPDATE), decisions(moves));
    assertTrue(moves.getFirst().why().contains("no room"), moves.getFirst().why());
  }

  @Test
  void moves_firstBrick_isAddedOrTheBackboneServesAlone() {
    assertEquals(List.of(Decision.ADD), decisions(Grower.moves(null, PLACE, new Room(100, 400, 1), List.of())));
    for (Room small : List.of(new Room(99, NO_LIMIT, 1), new Room(NO_LIMIT, 399, 1))) {
      Move alone = Grower.moves(null, PLACE, small, List.of()).getFirst();
      assertEquals(Decision.REUSE, alone.decision());
      assertEquals(-1, alone.brick());
      assertEquals(0, alone.held());
    }
  }

  @Test
  void mostAlike_ofAll_isThePairOfTheLargestCosine() {
    assertArrayEquals(new int[] {1, 2}, Grower.mostAlike(THREE));
    assertEquals(-1, THREE.getFirst().likeness(new Held("nothing", 1, new double[3])));
  }

  @Test
  void evidence_thatIsNone_isRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Evidence("x", Double.NaN, 0, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> new Evidence("x", 0, 2, 1, 0));
  }
}
