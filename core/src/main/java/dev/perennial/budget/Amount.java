package dev.perennial.budget;

import dev.perennial.UsageException;
import java.math.BigDecimal;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The amounts that a user can write for a resource: a number and perhaps a unit, {@code 1.5M} or {@code 512MiB}. */
final class Amount {
  private static final Pattern NUMBER_AND_UNIT =
      Pattern.compile("(?<number>[0-9]{1,15}(?:\\.[0-9]{1,15})?)\\s*(?<unit>[A-Za-z]*)");

  /** Counts stay exact below 2^53. */
  private static final BigDecimal MOST = BigDecimal.valueOf(1L << 53);

  /** What one of a unit is worth, by its name in lower case. */
  private static final Map<String, Long> THOUSANDS =
      Map.of("", 1L, "k", 1_000L, "m", 1_000_000L, "g", 1_000_000_000L);
  private static final Map<String, Long> BYTES = Map.of(
      "", 1L, "b", 1L, "kb", 1_000L, "mb", 1_000_000L, "gb", 1_000_000_000L,
      "kib", 1L << 10, "mib", 1L << 20, "gib", 1L << 30);
  private static final Map<String, Long> TIME = Map.of("", 1L, "s", 1L, "min", 60L, "h", 3_600L);

  private Amount() {}

  /**
   * The amount in the resource's own unit.
   *
   * @throws UsageException where it is not a number from 0 to 2^53 with a unit of the resource, or a count is not whole
   */
  static double parse(Resource resource, String text) {
    Matcher matcher = NUMBER_AND_UNIT.matcher(text.strip());
    if (!matcher.matches()) {
      throw refuse(resource, text);
    }
    Long unit = units(resource).get(matcher.group("unit").toLowerCase(Locale.ROOT));
    if (unit == null) {
      throw refuse(resource, text);
    }
    BigDecimal amount = new BigDecimal(matcher.group("number")).multiply(BigDecimal.valueOf(unit));
    boolean whole = amount.stripTrailingZeros().scale() <= 0;
    if (amount.compareTo(MOST) > 0 || (resource != Resource.SECONDS && !whole)) {
      throw refuse(resource, text);
    }
    return amount.doubleValue();
  }

  /** What may be written for a resource, for messages. */
  static String expected(Resource resource) {
    return switch (resource) {
      case PARAMETERS, LABELS -> "a whole number, k, M or G after it (thousands): 250000, 1.5M";
      case BYTES -> "bytes, or KiB, MiB, GiB (1024s), kB, MB, GB (1000s) after the number: 512MiB";
      case SECONDS -> "seconds, or s, min, h after the number: 90, 5min";
    };
  }

  private static UsageException refuse(Resource resource, String text) {
    return new UsageException(
        "budget " + resource.id() + " takes " + expected(resource) + "; got \"" + text + "\"");
  }

  private static Map<String, Long> units(Resource resource) {
    return switch (resource) {
      case PARAMETERS, LABELS -> THOUSANDS;
      case BYTES -> BYTES;
      case SECONDS -> TIME;
    };
  }
}
