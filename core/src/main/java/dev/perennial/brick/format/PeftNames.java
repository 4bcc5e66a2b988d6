package dev.perennial.brick.format;

import dev.perennial.backbone.Site;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** Names of sites in PEFT's configs and in our options. */
final class PeftNames {

  private PeftNames() {}

  /**
   * Module names for sites: those of the expression that chose them where it is made of names alone, else the sites' own.
   *
   * @param expression as options have it
   * @param chosen the sites that are meant
   * @param all the sites that there are
   */
  static List<String> of(String expression, List<Site> chosen, List<Site> all) {
    List<String> names = Arrays.stream(expression.split("\\|", -1)).map(name -> name.replace("\\.", ".")).distinct().sorted()
        .toList();
    boolean plain = names.stream().allMatch(name -> name.matches("[A-Za-z0-9_]+(\\.[A-Za-z0-9_]+)*"));
    if (plain) {
      List<Site> named = all.stream()
          .filter(site -> names.stream().anyMatch(name -> PeftConfig.named(site, name))).toList();
      boolean everyNameNames = names.stream().allMatch(name -> all.stream().anyMatch(s -> PeftConfig.named(s, name)));
      if (named.equals(chosen) && everyNameNames) {
        return names;
      }
    }
    return whole(chosen);
  }

  /** The sites' own names, in alphabetical order. */
  static List<String> whole(List<Site> sites) {
    return sites.stream().map(Site::name).distinct().sorted().toList();
  }

  /** The expression that chooses these sites: that of the names where they are such a list, else the sites' own names. */
  static String expression(List<String> names) {
    return names.stream().map(name -> name.replace(".", "\\.")).collect(Collectors.joining("|"));
  }

  /** A number as Python would have been given it: whole where it is. */
  static Number number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e9 ? (Number) (int) value : (Number) value;
  }

  /** Names and numbers of the sites whose number is another than the usual one. */
  static Map<String, Number> unusual(List<Site> sites, ToDoubleFunction<Site> number, double usual) {
    var unusual = new TreeMap<String, Number>();
    for (Site site : sites) {
      if (number.applyAsDouble(site) != usual) {
        unusual.put(site.name(), number(number.applyAsDouble(site)));
      }
    }
    return unusual;
  }
}
