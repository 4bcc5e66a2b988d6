package dev.perennial.store;

import java.util.List;
import java.util.Optional;

/**
 * What a look at every byte of a store has found.
 *
 * @param commits whose rows were read
 * @param whole of these, the commits whose blobs are kept and all as they were written
 * @param head the newest whole commit, which a run goes on from; empty where there is none
 * @param blobs files that were read, each once
 * @param bytes of them
 * @param unnamed files among the blobs that no commit needs: what a writer that was killed has left, and the next
 *     collection deletes; no damage
 * @param damage everything that is not as it was written; empty where all is well
 */
public record Verification(
    long commits, long whole, Optional<Commit> head, long blobs, long bytes, long unnamed, List<Damage> damage) {

  /** Hears how far the look has come. */
  public interface Listener {

    /** So many bytes of blobs were read, of so many in all. */
    void read(long bytes, long ofBytes);
  }

  /** Copies the list. */
  public Verification {
    damage = List.copyOf(damage);
  }
}
