package dev.perennial.budget;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Locale;

/** Something that learning spends and that a budget can limit. */
public enum Resource {
  /** Trainable parameters added to the model: a count. */
  @JsonProperty("parameters")
  PARAMETERS,
  /** Bytes kept for the model and its memory. */
  @JsonProperty("bytes")
  BYTES,
  /** Wall-clock seconds spent on learning; evaluation is not counted. */
  @JsonProperty("seconds")
  SECONDS,
  /** Labelled rows learned: a count, each row once however often it is visited. */
  @JsonProperty("labels")
  LABELS;

  /** The name used on the command line and in files: {@code parameters} and so on. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * An amount as people read it: {@code 1,234} parameters or labels, {@code 1.5 MiB}, {@code 12.3 s}, {@code 4 min 05
   * s}.
   *
   * @param amount in the resource's own unit: a count, bytes or seconds; finite and not negative
   */
  public String format(double amount) {
    return switch (this) {
      case PARAMETERS, LABELS -> String.format(Locale.ROOT, "%,.0f", amount);
      case BYTES -> bytes(amount);
      case SECONDS -> seconds(amount);
    };
  }

  private static String bytes(double amount) {
    if (amount < 1024) {
      return String.format(Locale.ROOT, "%.0f B", amount);
    }
    double value = amount;
    int unit = -1;
    // 1023.95 would print as 1024.0
    while (value >= 1023.95 && unit < 4) {
      value /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %ciB", value, "KMGTP".charAt(unit));
  }

  private static String seconds(double amount) {
    if (amount < 0.9995) {
      return String.format(Locale.ROOT, "%.0f ms", amount * 1000);
    }
    if (amount < 59.95) {
      return String.format(Locale.ROOT, "%.1f s", amount);
    }
    long whole = Math.round(amount);
    if (whole < 3600) {
      return String.format(Locale.ROOT, "%d min %02d s", whole / 60, whole % 60);
    }
    return String.format(Locale.ROOT, "%d h %02d min", whole / 3600, whole % 3600 / 60);
  }
}
