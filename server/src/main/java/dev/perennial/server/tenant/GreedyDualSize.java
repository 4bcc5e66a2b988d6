package dev.perennial.server.tenant;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/*
 * GreedyDual-Size (Cao and Irani, USITS 1997): each object has a value
 *   H = L + cost / size
 * set when it comes and whenever it is used; the one of the least H goes first, and L becomes its H. So what is cheap to
 * get again, large, or unused for long goes before what is dear, small or in use.
 */
/** Which of the objects in memory goes first. Not safe for use by several threads at once. */
final class GreedyDualSize<K> {

  private final Map<K, Item> items = new HashMap<>();
  private double inflation;

  private static final class Item {
    private double cost;
    private long size;
    private double value;
  }

  /**
   * An object came or was used.
   *
   * @param cost seconds that it takes to get it again, above 0
   * @param size bytes, above 0
   */
  void used(K key, double cost, long size) {
    Item item = items.computeIfAbsent(key, any -> new Item());
    item.cost = cost;
    item.size = size;
    item.value = inflation + cost / size;
  }

  /** A known object was used, and has a size now. */
  void used(K key, long size) {
    Item item = items.get(key);
    if (item != null) {
      used(key, item.cost, size);
    }
  }

  /** An object has another size, and was not used. */
  void resize(K key, long size) {
    Item item = items.get(key);
    if (item != null) {
      item.size = size;
    }
  }

  /** What is in memory. */
  Set<K> keys() {
    return new LinkedHashSet<>(items.keySet());
  }

  /** Bytes of all objects. */
  long bytes() {
    return items.values().stream().mapToLong(item -> item.size).sum();
  }

  /** Takes the one out that is worth least of those that may go; empty where none may. O(objects). */
  Optional<K> evict(Predicate<K> mayGo) {
    K least = null;
    double value = Double.POSITIVE_INFINITY;
    for (Map.Entry<K, Item> entry : items.entrySet()) {
      if (entry.getValue().value < value && mayGo.test(entry.getKey())) {
        least = entry.getKey();
        value = entry.getValue().value;
      }
    }
    if (least == null) {
      return Optional.empty();
    }
    inflation = value;
    items.remove(least);
    return Optional.of(least);
  }

  /** An object is gone. */
  void remove(K key) {
    items.remove(key);
  }
}
