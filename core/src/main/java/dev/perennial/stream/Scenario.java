package dev.perennial.stream;

import java.util.Locale;

/** How a dataset becomes a stream. */
public enum Scenario {
  /** Each experience brings classes that were not there before; the task is never told at prediction. */
  CLASS_INCREMENTAL,
  /** As class-incremental, and the experience an input belongs to is told at prediction. */
  TASK_INCREMENTAL,
  /** Every experience may bring any class, from another domain of inputs. */
  DOMAIN_INCREMENTAL;

  /** The name used on the command line and in files: {@code class-incremental} and so on. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
