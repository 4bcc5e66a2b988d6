package dev.perennial.tune;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.engine.RunSpec;
import dev.perennial.stream.Experience;
import dev.perennial.stream.Stream;
import dev.perennial.stream.Streams;
import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/*
 * Rows come in groups: those of one class, and of one task where tasks are named. In each group they have a random
 * order, the same for all trials. A smaller part of the data is the beginning of that order in every group, so a part
 * holds all smaller ones, and every class is in it.
 */
/** The rows that trials learn and are judged by. Test rows are dropped here, before anything is made of them. */
final class TuningRows {

  /** Of a group that has no validation rows, the share of rows to learn that is held out in their place. */
  static final double HELD_OUT = 0.2;

  /** Rows of a group in the smallest part at least: to learn, and to validate on. */
  private static final int LEAST = 2;

  private static final int LEAST_JUDGED = 4;

  /** Rows of the smallest part in all, if groups have so many: an image is learned some hundred times as fast. */
  private static final int FIRST_TEXTS = 128;

  private static final int FIRST_IMAGES = 2048;

  /** The purposes of random numbers. */
  private static final long LEARNED = 201;

  private static final long JUDGED = 202;

  private record Group(String label, @Nullable String task) {

    private static Group of(Example row) {
      return new Group(row.label(), row.task());
    }
  }

  /** Rows in the order of the source, each with its place in the random order of its group. */
  private record Ranked(List<Example> rows, int[] ranks) {

    private static Ranked of(List<Example> rows, long seed, long purpose) {
      var places = new HashMap<Group, List<Integer>>();
      var groups = new ArrayList<Group>();
      for (int i = 0; i < rows.size(); i++) {
        places.computeIfAbsent(Group.of(rows.get(i)), group -> {
          groups.add(group);
          return new ArrayList<>();
        }).add(i);
      }
      int[] ranks = new int[rows.size()];
      for (int g = 0; g < groups.size(); g++) {
        List<Integer> members = places.getOrDefault(groups.get(g), List.of());
        int[] order = CounterRandom.of(seed, purpose, g).permutation(members.size());
        for (int i = 0; i < order.length; i++) {
          ranks[members.get(i)] = order[i];
        }
      }
      return new Ranked(rows, ranks);
    }

    /** The first rows of each group. */
    private List<Example> first(int each) {
      return IntStream.range(0, rows.size()).filter(i -> ranks[i] < each).mapToObj(rows::get).toList();
    }

    private int largest() {
      return Arrays.stream(ranks).max().orElse(-1) + 1;
    }
  }

  private final String name;
  private final Ranked learned;
  private final Ranked judged;
  private final int groups;

  private TuningRows(String name, Ranked learned, Ranked judged, int groups) {
    this.name = name;
    this.learned = learned;
    this.judged = judged;
    this.groups = groups;
  }

  /**
   * The rows of a dataset to learn and to validate on.
   *
   * @param seed decides what is held out, and what is in each part
   */
  static TuningRows of(Dataset dataset, long seed) {
    var validated = new HashSet<Group>();
    dataset.validation().forEach(row -> validated.add(Group.of(row)));
    var sizes = new HashMap<Group, Integer>();
    dataset.train().forEach(row -> sizes.merge(Group.of(row), 1, Integer::sum));
    Ranked all = Ranked.of(dataset.train(), seed, LEARNED);
    var kept = new ArrayList<Example>();
    var keptRanks = IntStream.builder();
    var judged = new ArrayList<>(dataset.validation());
    for (int i = 0; i < all.rows().size(); i++) {
      Example row = all.rows().get(i);
      int rank = all.ranks()[i];
      int held = validated.contains(Group.of(row)) ? 0 : held(sizes.getOrDefault(Group.of(row), 0));
      if (rank < held) {
        judged.add(row);
      } else {
        kept.add(row);
        keptRanks.add(rank - held);
      }
    }
    return new TuningRows(
        dataset.name(), new Ranked(kept, keptRanks.build().toArray()), Ranked.of(judged, seed, JUDGED), sizes.size());
  }

  /** One row at least, but never all. */
  private static int held(int size) {
    return Math.min(Math.max(1, (int) Math.round(HELD_OUT * size)), size - 1);
  }

  /** What there is, as a stream, with validation rows in the place of test rows. */
  Stream stream(RunSpec spec) {
    Stream stream = Streams.of(part(most()), spec.scenario(), spec.tasks(), spec.seed());
    for (Experience experience : stream.experiences()) {
      if (experience.test().isEmpty()) {
        throw new UsageException("expected rows enough to choose by, and experience " + (experience.index() + 1) + " ("
            + experience.name() + ") of " + name + " has a single row: give it more, or ask for fewer tasks");
      }
    }
    return stream;
  }

  /** The rows of a class in the smallest part. */
  int least(int tasks) {
    boolean images = learned.rows().getFirst().input() instanceof Input.Image;
    int inAll = Math.max(images ? FIRST_IMAGES : FIRST_TEXTS, 4 * tasks);
    return Math.min(most(), Math.max(LEAST, Math.ceilDiv(inAll, groups)));
  }

  /** The rows of the largest class to learn: with so many a part is the whole. */
  int most() {
    return learned.largest();
  }

  /**
   * A part of the rows as a dataset, with validation rows as its test rows.
   *
   * @param perClass rows of a class to learn at most; half as many are validated on, but at least 4 where there are,
   *     and all with the whole
   */
  Dataset part(int perClass) {
    int validated = perClass >= most() ? judged.largest() : Math.max(LEAST_JUDGED, perClass / 2);
    List<Example> rows = learned.first(perClass);
    return new Dataset(name, rows, List.of(), judged.first(validated), Dataset.BadRows.none(rows.size()));
  }

  String name() {
    return name;
  }

  /** Rows to learn, in all. */
  int learned() {
    return learned.rows().size();
  }

  /** Rows to validate on, in all. */
  int judged() {
    return judged.rows().size();
  }
}
