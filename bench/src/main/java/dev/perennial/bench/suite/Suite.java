package dev.perennial.bench.suite;

import dev.perennial.UsageException;
import dev.perennial.engine.RunSpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * All that decides what a suite measures.
 *
 * @param name what results call it
 * @param base the spec of each run, but for its technique, options and seed
 * @param techniques the options asked for of each technique, by its name
 * @param seeds how many: the runs have the seeds 1, 2 and so on; a seed also decides the order of the stream
 * @param memoryBytes what a technique may keep of the past, in bytes, ascending: every run once a budget; none for no
 *     limit
 */
record Suite(
    String name, RunSpec base, SortedMap<String, SortedMap<String, String>> techniques, int seeds,
    List<Long> memoryBytes) {

  private static final int MOST_SEEDS = 1000;

  /** Copies the collections and checks the ranges. */
  Suite {
    var copy = new TreeMap<String, SortedMap<String, String>>();
    techniques.forEach((technique, options) ->
        copy.put(technique, Collections.unmodifiableSortedMap(new TreeMap<>(options))));
    techniques = Collections.unmodifiableSortedMap(copy);
    memoryBytes = memoryBytes.stream().sorted().distinct().toList();
    if (seeds < 1 || seeds > MOST_SEEDS) {
      throw new UsageException(
          "expected --seeds between 1 and " + MOST_SEEDS + ", got " + seeds + ": give another number");
    }
    if (!memoryBytes.isEmpty() && memoryBytes.getFirst() < 1) {
      throw new UsageException("expected memory budgets of at least 1 byte, got " + memoryBytes.getFirst());
    }
  }

  /**
   * One run of a suite.
   *
   * @param memoryBytes what it may keep of the past; null for no limit
   */
  record Member(String technique, long seed, @Nullable Long memoryBytes) {

    /** A name that no other run of the suite has, fit for a file. */
    String id() {
      return technique + "-seed-" + seed + (memoryBytes == null ? "" : "-memory-" + memoryBytes);
    }
  }

  /** Every run, seed by seed, so that all techniques have figures as soon as can be. */
  List<Member> members() {
    var members = new ArrayList<Member>();
    for (long seed = 1; seed <= seeds; seed++) {
      for (String technique : techniques.keySet()) {
        if (memoryBytes.isEmpty()) {
          members.add(new Member(technique, seed, null));
        }
        for (Long bytes : memoryBytes) {
          members.add(new Member(technique, seed, bytes));
        }
      }
    }
    return members;
  }

  /** What a run learns, and how, before its memory is made to fit a budget. */
  RunSpec spec(Member member) {
    RunSpec spec = base.withTechnique(member.technique()).withSeed(member.seed());
    for (var option : techniques.getOrDefault(member.technique(), new TreeMap<>()).entrySet()) {
      spec = spec.withOption(option.getKey(), option.getValue());
    }
    return spec;
  }
}
