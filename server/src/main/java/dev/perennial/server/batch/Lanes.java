package dev.perennial.server.batch;

import dev.perennial.server.Refused;
import dev.perennial.server.model.ServedModel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Texts that wait, a lane for each model, from which they are taken in turn, one from each lane: so a model that asks for
 * much makes others wait for no more than their own. Not safe for use by several threads at once.
 */
final class Lanes {

  private final int most;
  private final Map<ServedModel, ArrayDeque<Ticket>> lanes = new LinkedHashMap<>();
  private final ArrayDeque<ServedModel> turns = new ArrayDeque<>();
  private int size;

  Lanes(int most) {
    this.most = most;
  }

  /**
   * Adds the texts of a request, all or none.
   *
   * @throws Refused if there is no room
   */
  void add(List<Ticket> tickets) {
    ServedModel model = tickets.getFirst().model;
    ArrayDeque<Ticket> own = lanes.get(model);
    int waiting = own == null ? 0 : own.size();
    boolean othersWait = size > waiting;
    if (size + tickets.size() > most) {
      throw new Refused(Refused.Reason.UNAVAILABLE, "expected at most " + most + " texts to wait, and there are " + size
          + " already: ask again in a moment, and less at once");
    }
    if (othersWait && waiting + tickets.size() > most / 4) {
      throw new Refused(Refused.Reason.TOO_MANY, "expected at most " + most / 4 + " texts of the model " + model.name()
          + " to wait while others wait too, and there are " + waiting + ": ask again in a moment, and less at once");
    }
    if (own == null) {
      own = new ArrayDeque<>();
      lanes.put(model, own);
      turns.add(model);
    }
    own.addAll(tickets);
    size += tickets.size();
  }

  /** How many wait. */
  int size() {
    return size;
  }

  /**
   * Takes texts that can share a pass with the one whose turn it is.
   *
   * @param rows so many at most, at least 1
   * @param tokens so many at most together, but for the first
   * @return none where none waits
   */
  List<Ticket> take(int rows, long tokens) {
    var taken = new ArrayList<Ticket>();
    long sum = 0;
    int skipped = 0;
    while (taken.size() < rows && skipped < turns.size()) {
      ServedModel model = turns.element();
      ArrayDeque<Ticket> lane = lanes.get(model);
      if (lane == null) {
        throw new IllegalStateException("a model has a turn and no lane");
      }
      Ticket next = lane.element();
      turns.remove();
      if (!taken.isEmpty() && !next.encoder.equals(taken.getFirst().encoder)) {
        turns.add(model);
        skipped++;
        continue;
      }
      if (!taken.isEmpty() && sum + next.row.length() > tokens) {
        turns.addFirst(model);
        break;
      }
      taken.add(lane.remove());
      sum += next.row.length();
      skipped = 0;
      if (lane.isEmpty()) {
        lanes.remove(model);
      } else {
        turns.add(model);
      }
    }
    size -= taken.size();
    return taken;
  }
}
