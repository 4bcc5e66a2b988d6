package dev.perennial.learn.growth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.budget.Budget;
import dev.perennial.budget.Ledger;
import dev.perennial.budget.Resource;
import dev.perennial.grow.Evidence;
import dev.perennial.grow.Grower;
import dev.perennial.grow.Held;
import dev.perennial.grow.Move;
import dev.perennial.grow.Place;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

final class GrowingPropertyTest {

  private static final int EXPERIENCES = 500;
  private static final Place PLACE = new Place("query|value", 8, 100);

  /** A random stream of 500 experiences under random limits of bricks, parameters and bytes. */
  @Property(tries = 40)
  void moves_anyStream_holdNoMoreThanTheBudget_andAllAreInTheLedger(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 12) int most, @ForAll @IntRange(max = 1500) int limit,
      @ForAll @IntRange(max = 6000) int bytes) {
    var ledger = new Ledger(new Budget(Map.of(Resource.PARAMETERS, (double) limit, Resource.BYTES, (double) bytes)));
    var account = new Account(ledger, (experience, what, numbers, size) -> ledger.charge(
        new Ledger.Entry(what, Resource.PARAMETERS, numbers, experience.index()),
        new Ledger.Entry(what, Resource.BYTES, size, experience.index())));
    var held = new ArrayList<Held>();
    int moves = 0;
    for (int index = 0; index < EXPERIENCES; index++) {
      var random = CounterRandom.of(seed, index);
      var experience = new Experience(index, "e", List.of(), List.of(), List.of());
      Evidence evidence = held.isEmpty() ? null
          : new Evidence("novelty", 3 * random.uniform(0), 1, 2, random.below(1, held.size()));
      for (Move move : Grower.moves(evidence, PLACE, account.room(most, 0, 0), held)) {
        account.note(experience, "brick", move);
        var placed = ledger.placements().getLast();
        assertEquals(++moves, ledger.placements().size());
        assertEquals(index, placed.experience());
        assertEquals(move.value(), placed.importance());
        assertEquals(move.place().parameters(), placed.parameters());
        assertTrue(placed.why().startsWith(move.decision().name().toLowerCase(Locale.ROOT) + ": "), placed.why());
        switch (move.decision()) {
          case ADD -> {
            account.charge(experience, "brick", PLACE.parameters());
            held.add(new Held("brick-" + index, PLACE.parameters(),
                new double[] {random.gaussian(2), random.gaussian(3), random.gaussian(4)}));
          }
          case MERGE -> {
            Held gone = held.remove(move.other());
            account.free(gone.parameters());
          }
          default -> assertTrue(move.brick() < held.size());
        }
        assertEquals(held.size(), move.held());
      }
      long numbers = held.stream().mapToLong(Held::parameters).sum();
      assertTrue(held.size() <= most && numbers <= limit && 4 * numbers <= bytes, held.size() + " bricks");
      assertTrue(ledger.total(Resource.PARAMETERS) <= limit && ledger.total(Resource.BYTES) <= bytes);
      assertTrue(ledger.total(Resource.PARAMETERS) >= numbers);
    }
    assertTrue(moves >= EXPERIENCES);
    // Only a budget without room for one brick leaves the backbone alone.
    assertEquals(limit < 100 || bytes < 400, held.isEmpty());
  }
}
