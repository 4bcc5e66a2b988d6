package dev.perennial.learn.growth;

import dev.perennial.budget.Ledger;
import dev.perennial.budget.Placement;
import dev.perennial.budget.Resource;
import dev.perennial.grow.Holdings;
import dev.perennial.grow.Move;
import dev.perennial.grow.Room;
import dev.perennial.stream.Experience;
import java.util.Locale;

/** What a learner that grows holds of its budget: it pays for nothing twice that it has freed. */
final class Account {

  private final Ledger ledger;
  private final Charging charging;
  private Holdings numbers = new Holdings();
  private Holdings bytes = new Holdings();

  /** Where costs are charged to the ledger. */
  @FunctionalInterface
  interface Charging {

    /** Charges both or none. */
    void charge(Experience experience, String what, long parameters, long bytes);
  }

  Account(Ledger ledger, Charging charging) {
    this.ledger = ledger;
    this.charging = charging;
  }

  /** Pays for what exceeds all that was held before, and holds it. */
  void charge(Experience experience, String what, long moreNumbers, long moreBytes) {
    charging.charge(experience, what, numbers.due(moreNumbers), bytes.due(moreBytes));
    numbers.hold(moreNumbers);
    bytes.hold(moreBytes);
  }

  /** The same for float32 numbers. */
  void charge(Experience experience, String what, long moreNumbers) {
    charge(experience, what, moreNumbers, moreNumbers * Float.BYTES);
  }

  /** Holds so many float32 numbers less. */
  void free(long count) {
    numbers.free(count);
    bytes.free(count * Float.BYTES);
  }

  /** Holds exactly that from now on, and pays where it is more than ever. */
  void settle(Experience experience, String what, long allNumbers, long allBytes) {
    charge(experience, what, Math.max(0, allNumbers - numbers.held()), Math.max(0, allBytes - bytes.held()));
    numbers.free(Math.max(0, numbers.held() - allNumbers));
    bytes.free(Math.max(0, bytes.held() - allBytes));
  }

  /**
   * What is left for bricks.
   *
   * @param most bricks
   * @param reserved float32 numbers that something else needs
   * @param reservedBytes bytes that something else needs beside those
   */
  Room room(int most, long reserved, long reservedBytes) {
    double bytesLeft = ledger.left(Resource.BYTES) + bytes.spare() - reserved * (double) Float.BYTES - reservedBytes;
    return new Room(
        Math.max(0, ledger.left(Resource.PARAMETERS) + numbers.spare() - reserved), Math.max(0, bytesLeft), most);
  }

  /** Writes a move into the ledger. */
  void note(Experience experience, String brick, Move move) {
    ledger.place(new Placement(brick, move.place().rank(), move.place().parameters(), move.value(),
        experience.index(), 0, move.decision().name().toLowerCase(Locale.ROOT) + ": " + move.why()));
  }

  /** What has to be kept: what is held, and the most that ever was, of numbers and of bytes. */
  long[] state() {
    return new long[] {numbers.held(), numbers.peak(), bytes.held(), bytes.peak()};
  }

  void restore(long[] state) {
    numbers = new Holdings(state[0], state[1]);
    bytes = new Holdings(state[2], state[3]);
  }
}
