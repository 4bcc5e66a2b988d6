package dev.perennial.data;

import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.OptionalDouble;

/** The number that a cell of an order column stands for. */
final class OrderValue {

  /** ISO 8601, with a space for the T where one is written so, as databases do, and zones as short as +00. */
  private static final DateTimeFormatter TIMESTAMP = new DateTimeFormatterBuilder()
      .append(DateTimeFormatter.ISO_LOCAL_DATE)
      .appendPattern("['T'][' ']")
      .appendOptional(DateTimeFormatter.ISO_LOCAL_TIME)
      .appendPattern("[XXX][X]")
      .toFormatter();

  private OrderValue() {}

  /** A finite number as it is, a date or timestamp as its seconds since 1970 in UTC; empty for anything else. */
  static OptionalDouble parse(String cell) {
    var value = cell.strip();
    try {
      double number = new BigDecimal(value).doubleValue();
      return Double.isFinite(number) ? OptionalDouble.of(number) : OptionalDouble.empty();
    } catch (NumberFormatException notANumber) {
      return timestamp(value);
    }
  }

  private static OptionalDouble timestamp(String value) {
    try {
      var time = switch (TIMESTAMP.parseBest(value, OffsetDateTime::from, LocalDateTime::from, LocalDate::from)) {
        case OffsetDateTime zoned -> zoned.toInstant();
        case LocalDateTime local -> local.toInstant(ZoneOffset.UTC);
        case LocalDate date -> date.atStartOfDay().toInstant(ZoneOffset.UTC);
        case Object other -> throw new DateTimeException("no time in " + other);
      };
      return OptionalDouble.of(time.getEpochSecond() + time.getNano() * 1e-9);
    } catch (DateTimeException notATimestamp) {
      return OptionalDouble.empty();
    }
  }
}
