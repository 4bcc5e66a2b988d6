package dev.perennial.brick;

import dev.perennial.UsageException;
import dev.perennial.backbone.Site;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Numbers for sites by regular expressions, as PEFT's {@code rank_pattern} has them: the first expression that a site's
 * whole name, or its end after a dot, matches decides.
 *
 * <p>Written {@code expression:number} one after another with spaces between.
 */
final class SitePatterns {

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
  static Pattern pattern(String expression) {
    return Pattern.compile("(.*\\.)?(" + expression + ")");
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
