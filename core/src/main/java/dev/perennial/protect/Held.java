package dev.perennial.protect;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a member holds of one owner: the fragment of the snapshot that counts, and of the one that is being taken. Used
 * by one thread at a time, under its own lock.
 */
final class Held {

  /** A fragment in native memory of its own. */
  record Fragment(FragmentInfo info, MemorySegment bytes, Arena memory) implements AutoCloseable {
    @Override
    public void close() {
      memory.close();
    }
  }

  private final TreeMap<Long, Fragment> byNumber = new TreeMap<>();
  private long committed;

  /** Keeps a fragment that was verified, beside the snapshot that counts and in place of any other. */
  void put(Fragment fragment) {
    long number = fragment.info().number();
    for (long other : List.copyOf(byNumber.keySet())) {
      if (other != committed || other == number) {
        drop(other);
      }
    }
    byNumber.put(number, fragment);
  }

  /** Makes a snapshot the one that counts, and gives older ones up; false if it is not held. */
  boolean commit(long number) {
    if (!byNumber.containsKey(number)) {
      return false;
    }
    committed = number;
    for (long older : List.copyOf(byNumber.headMap(number).keySet())) {
      drop(older);
    }
    return true;
  }

  private void drop(long number) {
    Fragment fragment = byNumber.remove(number);
    if (fragment != null) {
      fragment.close();
    }
  }

  @Nullable Fragment get(long number) {
    return byNumber.get(number);
  }

  List<FragmentInfo> list() {
    var list = new ArrayList<FragmentInfo>();
    byNumber.values().forEach(fragment -> list.add(fragment.info()));
    return list;
  }

  /** Bytes held. */
  long bytes() {
    return byNumber.values().stream().mapToLong(fragment -> fragment.bytes().byteSize()).sum();
  }

  /** Bytes that would be given up by a put of that number. */
  long bytesFreedBy(long number) {
    return byNumber.entrySet().stream().filter(entry -> entry.getKey() != committed || entry.getKey() == number)
        .mapToLong(entry -> entry.getValue().bytes().byteSize()).sum();
  }
}
