package dev.perennial.merge;

import dev.perennial.UsageException;
import dev.perennial.backbone.Site;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A number of a recipe, which may differ from site to site. */
public sealed interface RecipeValue {

  /**
   * The number at a site.
   *
   * @param blocks of the backbone
   * @return empty where no filter matches
   */
  OptionalDouble at(Site site, int blocks);

  /** The numbers that it is made of. */
  List<Double> numbers();

  /** As a person reads it, with every digit: {@code 0.5}, {@code 0.2 0.4 over the depth}, {@code query: 0.5; others: 1}. */
  String text();

  private static String plain(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15 ? Long.toString((long) value) : Double.toString(value);
  }

  /** The same number everywhere. */
  record Scalar(double value) implements RecipeValue {

    @Override
    public OptionalDouble at(Site site, int blocks) {
      return OptionalDouble.of(value);
    }

    @Override
    public List<Double> numbers() {
      return List.of(value);
    }

    @Override
    public String text() {
      return plain(value);
    }
  }

  /**
   * Numbers at equal distances over the depth, from the first block to the last, with straight lines between.
   *
   * @param numbers at least one
   */
  record Gradient(List<Double> numbers) implements RecipeValue {

    /** Copies the numbers. */
    public Gradient {
      numbers = List.copyOf(numbers);
      if (numbers.isEmpty()) {
        throw new UsageException("expected numbers over the depth of the backbone in a recipe, got an empty list");
      }
    }

    @Override
    public OptionalDouble at(Site site, int blocks) {
      if (blocks < 2) {
        return OptionalDouble.of(numbers.getLast());
      }
      // In whole numbers, so that as many numbers as blocks are met exactly.
      int place = site.block() * (numbers.size() - 1);
      int below = place / (blocks - 1);
      int above = Math.min(below + 1, numbers.size() - 1);
      double share = (double) (place % (blocks - 1)) / (blocks - 1);
      return OptionalDouble.of((1 - share) * numbers.get(below) + share * numbers.get(above));
    }

    @Override
    public String text() {
      return numbers.stream().map(RecipeValue::plain).collect(Collectors.joining(" ")) + " over the depth";
    }
  }

  /**
   * Numbers by the names of sites: the first case that matches decides.
   *
   * @param cases in their order
   */
  record Filtered(List<Case> cases) implements RecipeValue {

    /** Copies the cases. */
    public Filtered {
      cases = List.copyOf(cases);
    }

    /**
     * What sites have whose name contains a text.
     *
     * @param filter the text; null for all sites
     * @param value a number or a gradient
     */
    public record Case(@Nullable String filter, RecipeValue value) {

      boolean matches(Site site) {
        return filter == null || site.name().contains(filter);
      }
    }

    @Override
    public OptionalDouble at(Site site, int blocks) {
      return cases.stream().filter(candidate -> candidate.matches(site)).findFirst()
          .map(first -> first.value.at(site, blocks)).orElse(OptionalDouble.empty());
    }

    @Override
    public List<Double> numbers() {
      return cases.stream().flatMap(each -> each.value.numbers().stream()).toList();
    }

    @Override
    public String text() {
      return cases.stream().map(each -> (each.filter == null ? "others" : each.filter) + ": " + each.value.text())
          .collect(Collectors.joining("; "));
    }
  }
}
