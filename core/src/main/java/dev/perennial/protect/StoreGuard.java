package dev.perennial.protect;

import dev.perennial.FailureException;
import dev.perennial.store.Access;
import dev.perennial.store.Commit;
import dev.perennial.store.Store;
import dev.perennial.store.StoredParts;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Keeps the newest commit of a store in the memory of a group of processes, and puts lost members right. */
public final class StoreGuard implements AutoCloseable {

  /** What a group calls the state of a store. */
  public static final String OWNER = "store";

  private final Path directory;
  private final Store store;
  private final MemberProcesses members;
  private long held;
  private long snapshots;
  private Optional<String> fallback = Optional.empty();

  /**
   * Starts the members, which hold nothing yet.
   *
   * @param directory of the store, which may be in use
   * @param mostBytes that a member may hold
   */
  public StoreGuard(Path directory, int members, int parity, long mostBytes) {
    this.directory = directory;
    this.store = Store.open(directory, Access.READ);
    boolean started = false;
    try {
      this.members = new MemberProcesses(members, parity, mostBytes);
      started = true;
    } finally {
      if (!started) {
        store.close();
      }
    }
  }

  /**
   * What was done in one round.
   *
   * @param commit that the group holds; 0 for none
   * @param bytes of it; 0 if it was held before
   * @param rebuilt members that were lost and hold their fragment again, by index
   */
  public record Round(long commit, long bytes, List<Integer> rebuilt) {
    /** Copies the list. */
    public Round {
      rebuilt = List.copyOf(rebuilt);
    }
  }

  /** The members. */
  public MemberProcesses members() {
    return members;
  }

  /** Where the group is. */
  public GroupFile file() {
    return members.file(OWNER, directory.toAbsolutePath().normalize().toString());
  }

  /**
   * Puts new members in place of lost ones, and takes the store's newest commit where the group does not hold it. A
   * snapshot counts for lost members too once this returns.
   *
   * @throws FailureException if the store cannot be read, or members are lost faster than they can be replaced
   */
  public Round round() {
    List<Integer> lost = members.ended();
    Optional<Commit> head = store.head();
    if (!lost.isEmpty()) {
      try (Arena arena = Arena.ofShared()) {
        // While the new members are empty the others still hold what they held: so first the snapshot, then the members.
        Optional<Group.Loaded> kept = held == 0 ? Optional.empty() : loaded(arena);
        lost.forEach(members::replace);
        if (kept.isPresent()) {
          members.group().save(OWNER, kept.get().number() + 1, kept.get().bytes());
          snapshots = kept.get().number() + 1;
        } else {
          held = 0;
        }
      }
    }
    long bytes = 0;
    if (head.isPresent() && head.get().id() != held) {
      bytes = take(head.get());
    }
    return new Round(held, bytes, lost);
  }

  /** From memory, or, where too many are lost, nothing: the commit is then read from disk again. */
  private Optional<Group.Loaded> loaded(Arena arena) {
    try {
      return members.group().load(OWNER, arena);
    } catch (FailureException moreThanMayBe) {
      fallback = Optional.of(String.valueOf(moreThanMayBe.getMessage()));
      return Optional.empty();
    }
  }

  /** Why the last round went back to disk for what the members had held; asked once. */
  public Optional<String> fallback() {
    Optional<String> why = fallback;
    fallback = Optional.empty();
    return why;
  }

  private long take(Commit commit) {
    try (Arena arena = Arena.ofShared(); StoredParts parts = store.parts(commit)) {
      MemorySegment image = StateImage.of(store.spec(), parts, arena);
      snapshots++;
      members.group().save(OWNER, snapshots, image);
      held = commit.id();
      return image.byteSize();
    }
  }

  /** Ends the members. */
  @Override
  public void close() {
    members.close();
    store.close();
  }
}
