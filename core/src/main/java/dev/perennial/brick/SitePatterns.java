package dev.perennial.brick;

import dev.perennial.UsageException;
import dev.perennial.backbone.Site;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;

/**
 * Numbers for sites by regular expressions, as PEFT's {@code rank_pattern} has them: the first expression that a site's
 * whole name, or its end after a dot, matches decides.
 *
 * <p>Written {@code expression:number} one after another with spaces between.
 */
public final class SitePatterns {

  private final List<Entry> entries = new ArrayList<>();

  private record Entry(Pattern pattern, double number) {}

  /**
   * Reads patterns.
   *
   * @param what they are called, for messages
   * @throws UsageException if one is not such a pair
   */
  SitePatterns(String what, String text) {
    for (String part : text.isBlank() ? new String[0] : text.strip().split("\\s+")) {
      int colon = part.lastIndexOf(':');
      try {
        if (colon < 1) {
          throw new NumberFormatException("no colon");
        }
        entries.add(new Entry(pattern(part.substring(0, colon)), Double.parseDouble(part.substring(colon + 1))));
      } catch (NumberFormatException | PatternSyntaxException e) {
        throw new UsageException("expected " + what + " such as layer\\.0\\..*:4, each a regular expression for sites and a"
            + " number, got " + part, e);
      }
    }
  }

  /** The expression that a site's whole name, or its end after a dot, has to match. */
  public static Pattern pattern(String expression) {
    return Pattern.compile("(.*\\.)?(" + expression + ")");
  }

  /** Numbers by site, written as they are read; whole ones without a point. */
  public static String text(Map<Site, Double> numbers) {
    return numbers.entrySet().stream()
        .map(entry -> entry.getKey().name().replace(".", "\\.") + ":"
            + (entry.getValue() == Math.rint(entry.getValue()) && Math.abs(entry.getValue()) < 1e9
                ? Integer.toString(entry.getValue().intValue())
                : Double.toString(entry.getValue())))
        .collect(Collectors.joining(" "));
  }

  double at(Site site, double otherwise) {
    for (Entry entry : entries) {
      if (entry.pattern.matcher(site.name()).matches()) {
        return entry.number;
      }
    }
    return otherwise;
  }

  /**
   * Checks that every expression names one of the sites.
   *
   * @throws UsageException naming one that does not
   */
  void requireUse(String what, List<Site> sites) {
    for (Entry entry : entries) {
      if (sites.stream().noneMatch(site -> entry.pattern.matcher(site.name()).matches())) {
        throw new UsageException("expected " + what + " for sites of the brick, and " + entry.pattern.pattern()
            + " matches none: it has sites such as " + sites.getFirst().name());
      }
    }
  }
}
