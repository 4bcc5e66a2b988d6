package dev.perennial.stream;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/*
 * Si-Blurry, in which G-ACIL (arXiv 2403.15706) is measured too: the number of classes of an experience is drawn; a
 * share of the classes comes with one experience only; of the other classes' rows a share is put together, shuffled,
 * and dealt back, to every experience as many as it gave.
 */
/**
 * Experiences of old and new classes, in numbers that nobody knows beforehand.
 *
 * <p>Every experience is home to a number of classes that the seed draws, at least one; all cuts of the classes are
 * equally likely. round(disjoint * C) of the C classes come at home only. Of each other class's n rows round(blurry *
 * n) come with any experience, home included. Every row comes once. An experience is evaluated on test rows of all
 * its classes, in the mix of its training rows.
 */
@Arrangement.Named(
    name = "generalised-class-incremental",
    what = "any number of new classes, and rows of classes that come more than once",
    title = "Online Class Incremental Learning on Stochastic Blurry Task Boundary via Mask and Visual Prompt Tuning",
    source = "arXiv 2308.09303")
public final class Generalised implements Arrangement<Generalised.Options> {

  /**
   * The options.
   *
   * @param disjoint share of the classes that come with one experience only, 0 to 1; default 0.5
   * @param blurry share of the other classes' rows that come with any experience, 0 to 1; default 0.1
   */
  public record Options(double disjoint, double blurry) {

    /** Checks the ranges. */
    public Options {
      if (!(disjoint >= 0 && disjoint <= 1)) {
        throw new UsageException("expected a share of disjoint classes between 0 and 1, got " + disjoint);
      }
      if (!(blurry >= 0 && blurry <= 1)) {
        throw new UsageException("expected a blurry share between 0 and 1, got " + blurry);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(0.5, 0.1);
  }

  @Override
  public List<Experience> experiences(Options options, Dataset dataset, int tasks, long seed) {
    var arrival = new Arrival(seed);
    var classes = arrival.shuffled(ByClass.classes(dataset.train()), Arrival.Use.CLASSES, 0);
    ByClass.requireClasses(dataset.name(), classes.size(), tasks);
    var disjoint = new HashSet<>(arrival.shuffled(classes, Arrival.Use.DISJOINT, 0)
        .subList(0, (int) Math.round(options.disjoint() * classes.size())));
    var groups = ByClass.named(cut(classes, tasks, arrival));
    var homes = ByClass.dealt(dataset.train(), groups);
    var train = new ArrayList<List<Example>>();
    var pool = new ArrayList<Example>();
    int[] given = new int[tasks];
    for (int i = 0; i < tasks; i++) {
      var leaving = leaving(homes.get(i), disjoint, options.blurry());
      var stayed = new ArrayList<Example>();
      for (Example row : arrival.shuffled(homes.get(i), Arrival.Use.LEAVING, i)) {
        boolean leaves = leaving.merge(row.label(), -1, Integer::sum) >= 0;
        (leaves ? pool : stayed).add(row);
        given[i] += leaves ? 1 : 0;
      }
      train.add(stayed);
    }
    var dealt = arrival.shuffled(pool, Arrival.Use.RETURNS, 0);
    int from = 0;
    for (int i = 0; i < tasks; i++) {
      train.get(i).addAll(dealt.subList(from, from + given[i]));
      train.set(i, arrival.rows(train.get(i), Arrival.Use.TRAIN, i));
      from += given[i];
    }
    var names = groups.stream().map(ByClass.Group::name).toList();
    return Deal.experiences(names, train, dataset.test(), Example::label, arrival);
  }

  /** How many rows of each class that is not disjoint leave. */
  private static Map<String, Integer> leaving(List<Example> rows, Set<String> disjoint, double share) {
    var leaving = new HashMap<String, Integer>();
    for (Example row : rows) {
      if (!disjoint.contains(row.label())) {
        leaving.merge(row.label(), 1, Integer::sum);
      }
    }
    leaving.replaceAll((label, count) -> (int) Math.round(share * count));
    return leaving;
  }

  /** Classes cut at places that are drawn. */
  private static List<List<String>> cut(List<String> classes, int parts, Arrival arrival) {
    var places = arrival.shuffled(IntStream.range(1, classes.size()).boxed().toList(), Arrival.Use.SIZES, 0)
        .subList(0, parts - 1).stream().sorted().toList();
    var cut = new ArrayList<List<String>>();
    for (int i = 0; i < parts; i++) {
      int from = i == 0 ? 0 : places.get(i - 1);
      cut.add(classes.subList(from, i == parts - 1 ? classes.size() : places.get(i)));
    }
    return cut;
  }
}
