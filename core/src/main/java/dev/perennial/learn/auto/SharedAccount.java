package dev.perennial.learn.auto;

import dev.perennial.budget.Ledger;
import dev.perennial.budget.OverdrawnException;
import dev.perennial.budget.Placement;
import dev.perennial.budget.Resource;
import dev.perennial.learn.LearnerContext;
import java.util.ArrayList;
import java.util.List;

/*
 * Of each resource: what is charged is the most that those which are in ever held together,
 *   charged = max over time of sum over those in of held
 * so that what one held that is out is taken again for nothing.
 */
/** What candidates hold, each by its own ledger, and what was charged for all of them. */
final class SharedAccount {

  private static final List<Resource> RESOURCES = List.of(Resource.PARAMETERS, Resource.BYTES);

  private final List<Ledger> own;
  private final LearnerContext context;
  /** Of each candidate and resource, what it held when it was restored; its ledger knows of later charges alone. */
  private final long[] before;
  private final long[] charged = new long[RESOURCES.size()];
  private final int[] placed;

  /** @param own the ledger of each candidate, with nothing in it */
  SharedAccount(List<Ledger> own, LearnerContext context) {
    this.own = own;
    this.context = context;
    this.before = new long[own.size() * RESOURCES.size()];
    this.placed = new int[own.size()];
  }

  /**
   * Charges what is held beyond all that was held before, and notes where candidates put parameters.
   *
   * @param names of those that are in
   * @throws OverdrawnException if the budget does not allow it; then nothing was charged
   */
  void pay(boolean[] in, String names, int experience) {
    var due = new ArrayList<Ledger.Entry>();
    long[] more = new long[charged.length];
    for (int resource = 0; resource < charged.length; resource++) {
      long held = 0;
      for (int i = 0; i < in.length; i++) {
        held += in[i] ? held(i, resource) : 0;
      }
      more[resource] = Math.max(0, held - charged[resource]);
      if (more[resource] > 0) {
        due.add(new Ledger.Entry(names, RESOURCES.get(resource), more[resource], experience));
      }
    }
    context.ledger().charge(due.toArray(new Ledger.Entry[0]));
    for (int resource = 0; resource < charged.length; resource++) {
      charged[resource] += more[resource];
    }
    for (int i = 0; i < placed.length; i++) {
      List<Placement> placements = own.get(i).placements();
      placements.subList(placed[i], placements.size()).forEach(context.ledger()::place);
      placed[i] = placements.size();
    }
  }

  private long held(int candidate, int resource) {
    return before[candidate * charged.length + resource] + (long) own.get(candidate).total(RESOURCES.get(resource));
  }

  /** All of it, to be kept: what each candidate holds of each resource, then what was charged. */
  long[] numbers() {
    long[] numbers = new long[before.length + charged.length];
    for (int i = 0; i < before.length; i++) {
      numbers[i] = held(i / charged.length, i % charged.length);
    }
    System.arraycopy(charged, 0, numbers, before.length, charged.length);
    return numbers;
  }

  /** Takes over what {@link #numbers} gave; the ledgers have nothing in them yet. */
  void restore(long... numbers) {
    System.arraycopy(numbers, 0, before, 0, before.length);
    System.arraycopy(numbers, before.length, charged, 0, charged.length);
  }
}
