package dev.perennial.protect;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/*
 * Reliable and Efficient In-Memory Fault Tolerance of Large Language Model Pretraining (REFT, arXiv 2310.12670), with
 * n = k + m members and one Reed-Solomon code over all of them:
 *
 *   save n+1:  cut into k fragments, compute m of parity; put fragment i on member i, which keeps n beside it;
 *              every member digests what came and acknowledges;          phase 1
 *              all have: tell all to commit n+1, and only then they give n up       phase 2
 *   load:      ask all what they hold; the newest snapshot of which any k fragments are left, rebuilt from those
 *
 * A member gives n up only when n+1 was verified on all members. So after the loss of any m members, at any moment, n or
 * n+1 can be rebuilt in whole.
 */
/**
 * A group of members that hold the snapshots of owners in their memory, any m of which may be lost.
 *
 * <p>Used by one thread at a time. An owner is saved by one process at a time.
 */
public final class Group {

  private final ErasureCode code;
  private final Peers peers;
  private final IntConsumer phase;

  /**
   * A group of members that run on this machine.
   *
   * @param ports of the members, in their order
   * @param parity how many of them may be lost, m
   * @param token that they ask for
   * @throws UsageException if there are not more members than may be lost
   */
  public Group(List<Integer> ports, int parity, byte[] token) {
    this(ports, parity, token, which -> {});
  }

  /** @param phase told before each phase of a save: 0 before the first, 1 after all have put, 2 after all committed */
  Group(List<Integer> ports, int parity, byte[] token, IntConsumer phase) {
    if (parity < 0 || ports.size() <= parity) {
      throw new UsageException("expected more members than may be lost, got " + ports.size() + " members of which "
          + parity + " may be lost");
    }
    this.code = new ErasureCode(ports.size() - parity, parity);
    this.peers = new Peers(ports, token);
    this.phase = phase;
  }

  /** The code. */
  public ErasureCode code() {
    return code;
  }

  /**
   * A snapshot as it came back.
   *
   * @param number of the snapshot
   * @param bytes of it, in the arena that was given
   * @param lost members of which nothing came, by index
   */
  public record Loaded(long number, MemorySegment bytes, List<Integer> lost) {
    /** Copies the list. */
    public Loaded {
      lost = List.copyOf(lost);
    }
  }

  /**
   * How a member is.
   *
   * @param member its index
   * @param problem why it cannot be reached; null where it can
   * @param fragments that it holds of the owner
   */
  private record Census(int member, @Nullable String problem, List<FragmentInfo> fragments) {}

  /**
   * Saves a snapshot: on return every member holds its fragment of it, verified. Takes parity and padding beside the
   * snapshot's own memory: {@code (m + 1) / k} of its size.
   *
   * @param owner whose snapshot it is, up to 200 characters
   * @param number above that of the owner's snapshot before
   * @param snapshot its bytes, which must not change meanwhile
   * @throws FailureException if a member is lost or refuses: the snapshot before still counts, in all that are left, and
   *     the line names the members
   */
  public void save(String owner, long number, MemorySegment snapshot) {
    try (Arena arena = Arena.ofShared()) {
      TreeMap<Integer, MemorySegment> fragments = cut(snapshot, arena);
      List<Integer> parities = range(code.data(), code.fragments());
      List<MemorySegment> computed = code.compute(fragments, parities, arena);
      for (int i = 0; i < parities.size(); i++) {
        fragments.put(parities.get(i), computed.get(i));
      }
      List<byte[]> digests = Peers.all(range(0, code.fragments()), index -> Digests.of(fragment(fragments, index)));
      var info = new FragmentInfo(
          owner, number, 0, code.data(), code.parity(), snapshot.byteSize(), digests);
      phase.accept(0);
      List<Optional<String>> put = Peers.all(range(0, code.fragments()),
          index -> peers.trying(index, wire -> put(wire, info.withIndex(index), fragment(fragments, index))));
      String problem = problems(put);
      if (!problem.isEmpty()) {
        throw new FailureException("snapshot " + number + " was not taken by all members: " + problem
            + "; the one before still counts: put a new member in place of a lost one");
      }
      phase.accept(1);
      List<Optional<String>> committed = Peers.all(range(0, code.fragments()), index -> peers.trying(index, wire -> {
        wire.send(Wire.Kind.COMMIT, out -> {
          out.writeUTF(owner);
          out.writeLong(number);
        });
        Peers.done(wire);
      }));
      phase.accept(2);
      String uncommitted = problems(committed);
      if (!uncommitted.isEmpty()) {
        throw new FailureException("snapshot " + number + " was taken by all members, and then some were lost: "
            + uncommitted + "; it or the one before still counts: put a new member in place of a lost one");
      }
    }
  }

  private TreeMap<Integer, MemorySegment> cut(MemorySegment snapshot, Arena arena) {
    long each = code.fragmentBytes(snapshot.byteSize());
    var fragments = new TreeMap<Integer, MemorySegment>();
    for (int i = 0; i < code.data(); i++) {
      long from = Math.min(snapshot.byteSize(), i * each);
      long length = Math.min(each, snapshot.byteSize() - from);
      if (length == each) {
        fragments.put(i, snapshot.asSlice(from, each));
      } else {
        MemorySegment padded = arena.allocate(each, ErasureCode.ALIGNMENT);
        MemorySegment.copy(snapshot, from, padded, 0, length);
        fragments.put(i, padded);
      }
    }
    return fragments;
  }

  private static MemorySegment fragment(TreeMap<Integer, MemorySegment> fragments, int index) {
    MemorySegment fragment = fragments.get(index);
    if (fragment == null) {
      throw new IllegalStateException("no fragment " + index);
    }
    return fragment;
  }

  private static void put(Wire wire, FragmentInfo info, MemorySegment fragment) throws IOException {
    wire.send(Wire.Kind.PUT, info::write);
    Peers.done(wire);
    wire.sendPayload(fragment);
    byte[] acknowledged = Peers.done(wire).body().readAllBytes();
    if (!Arrays.equals(acknowledged, info.digests().get(info.index()))) {
      throw new IOException("it acknowledged another digest");
    }
  }

  /**
   * Rebuilds the newest snapshot of which enough fragments are left, from memory alone. O(bytes * lost data fragments).
   *
   * @param arena where the snapshot is made
   * @return the snapshot; empty if the members that are left hold none of this owner
   * @throws FailureException if more members are lost than may be: the line says how many fragments are needed and left,
   *     so that the caller can go on from disk and say so
   */
  public Optional<Loaded> load(String owner, Arena arena) {
    List<Census> census = census(owner);
    var tried = new ArrayList<String>();
    for (long number : numbers(census)) {
      FragmentInfo info = newest(census, number);
      var holders = new ArrayList<Integer>();
      for (Census member : census) {
        if (member.fragments().stream().anyMatch(held -> held.isOf(info) && held.index() == member.member())) {
          holders.add(member.member());
        }
      }
      if (holders.size() >= code.data()) {
        Optional<Loaded> loaded = load(info, holders, arena);
        if (loaded.isPresent()) {
          return loaded;
        }
      }
      tried.add("of snapshot " + number + " " + holders.size() + " fragments are left");
    }
    List<String> lost = census.stream().filter(member -> member.problem() != null)
        .map(member -> "member " + member.member() + ": " + member.problem()).toList();
    if (tried.isEmpty() && lost.size() <= code.parity()) {
      return Optional.empty();
    }
    throw new FailureException("expected at least " + code.data() + " of " + code.fragments()
        + " members with fragments of one snapshot of " + owner + "; "
        + (tried.isEmpty() ? "none has any" : String.join(", ", tried)) + "; lost are " + lost.size() + ", and at most "
        + code.parity() + " may be" + (lost.isEmpty() ? "" : " (" + String.join("; ", lost) + ")"));
  }

  private List<Census> census(String owner) {
    return Peers.all(range(0, code.fragments()), index -> {
      var fragments = new ArrayList<FragmentInfo>();
      Optional<String> problem = peers.trying(index, wire -> {
        wire.send(Wire.Kind.LIST, out -> out.writeUTF(owner));
        Wire.Message answer = Peers.done(wire);
        int count = answer.body().readUnsignedByte();
        for (int i = 0; i < count; i++) {
          fragments.add(FragmentInfo.read(answer.body()));
        }
      });
      return new Census(index, problem.orElse(null), fragments);
    });
  }

  private static List<Long> numbers(List<Census> census) {
    var numbers = new TreeSet<Long>(Collections.reverseOrder());
    census.forEach(member -> member.fragments().forEach(fragment -> numbers.add(fragment.number())));
    return List.copyOf(numbers);
  }

  /** What most members say of a snapshot: one that was begun twice under one number is told apart by its digests. */
  private FragmentInfo newest(List<Census> census, long number) {
    List<FragmentInfo> all = census.stream().flatMap(member -> member.fragments().stream())
        .filter(info -> info.number() == number).toList();
    FragmentInfo best = all.getFirst();
    long most = 0;
    for (FragmentInfo one : all) {
      long same = all.stream().filter(one::isOf).count();
      boolean fits = one.data() == code.data() && one.parity() == code.parity();
      if (fits && same > most) {
        most = same;
        best = one;
      }
    }
    return best;
  }

  /** Empty if so many holders failed meanwhile that too few are left. */
  private Optional<Loaded> load(FragmentInfo info, List<Integer> holders, Arena arena) {
    long each = info.bytes();
    // The data fragments lie side by side in their place, so that what came needs no copy.
    MemorySegment whole = arena.allocate(each * code.data(), ErasureCode.ALIGNMENT);
    var present = new TreeMap<Integer, MemorySegment>();
    var waiting = new ArrayList<>(holders);
    while (present.size() < code.data() && !waiting.isEmpty()) {
      List<Integer> now = List.copyOf(waiting.subList(0, Math.min(waiting.size(), code.data() - present.size())));
      waiting.removeAll(now);
      List<Optional<MemorySegment>> came = Peers.all(now, index -> {
        MemorySegment into = index < code.data() ? whole.asSlice(index * each, each)
            : arena.allocate(each, ErasureCode.ALIGNMENT);
        Optional<String> problem = peers.trying(index, wire -> get(wire, info.withIndex(index), into));
        return problem.isPresent() ? Optional.empty() : Optional.of(into);
      });
      for (int i = 0; i < now.size(); i++) {
        int index = now.get(i);
        came.get(i).ifPresent(fragment -> present.put(index, fragment));
      }
    }
    if (present.size() < code.data()) {
      return Optional.empty();
    }
    List<Integer> missing = range(0, code.data()).stream().filter(index -> !present.containsKey(index)).toList();
    try (Arena rebuilding = Arena.ofShared()) {
      List<MemorySegment> rebuilt = missing.isEmpty() ? List.of() : code.compute(present, missing, rebuilding);
      for (int i = 0; i < rebuilt.size(); i++) {
        if (!Arrays.equals(Digests.of(rebuilt.get(i)), info.digests().get(missing.get(i)))) {
          throw new IllegalStateException("fragment " + missing.get(i) + " was rebuilt with another digest");
        }
        MemorySegment.copy(rebuilt.get(i), 0, whole, missing.get(i) * each, each);
      }
    }
    List<Integer> lost = range(0, code.fragments()).stream().filter(index -> !holders.contains(index)).toList();
    return Optional.of(new Loaded(info.number(), whole.asSlice(0, info.total()), lost));
  }

  private static void get(Wire wire, FragmentInfo info, MemorySegment into) throws IOException {
    wire.send(Wire.Kind.GET, out -> {
      out.writeUTF(info.owner());
      out.writeLong(info.number());
    });
    FragmentInfo given = FragmentInfo.read(Peers.done(wire).body());
    if (!given.isOf(info) || given.index() != info.index()) {
      throw new IOException("it gave another fragment");
    }
    wire.receivePayload(into);
    if (!Arrays.equals(Digests.of(into), info.digests().get(info.index()))) {
      throw new IOException("its fragment is damaged");
    }
  }

  /** The members that cannot be reached, by index. */
  public List<Integer> lost() {
    List<Optional<String>> problems = Peers.all(range(0, code.fragments()), index -> peers.trying(index, wire -> {}));
    return range(0, problems.size()).stream().filter(index -> problems.get(index).isPresent()).toList();
  }

  private static String problems(List<Optional<String>> outcomes) {
    var problems = new ArrayList<String>();
    for (int i = 0; i < outcomes.size(); i++) {
      int member = i;
      outcomes.get(i).ifPresent(problem -> problems.add("member " + member + ": " + problem));
    }
    return String.join("; ", problems);
  }

  private static List<Integer> range(int from, int to) {
    var range = new ArrayList<Integer>();
    for (int i = from; i < to; i++) {
      range.add(i);
    }
    return range;
  }
}
