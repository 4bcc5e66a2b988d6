package dev.perennial.stream;

import com.fasterxml.jackson.annotation.JsonCreator;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * How a dataset becomes a stream, as it is asked for: the name of an {@link Arrangement}, and its options.
 *
 * @param id the name used on the command line and in files: {@code class-incremental} and so on
 * @param options those that are not the arrangement's defaults, by name
 */
public record Scenario(String id, SortedMap<String, String> options) {

  /** Each experience brings classes that were not there before; the task is never told at prediction. */
  public static final Scenario CLASS_INCREMENTAL = of("class-incremental");

  /** As class-incremental, and the experience an input belongs to is told at prediction. */
  public static final Scenario TASK_INCREMENTAL = of("task-incremental");

  /** Every experience may bring any class, from another domain of inputs. */
  public static final Scenario DOMAIN_INCREMENTAL = of("domain-incremental");

  /** Copies the options. */
  @JsonCreator(mode = JsonCreator.Mode.PROPERTIES)
  public Scenario {
    options = Collections.unmodifiableSortedMap(new TreeMap<>((Map<String, String>) options));
  }

  /** The scenario of that name with its default options. */
  public static Scenario of(String id) {
    return new Scenario(id, new TreeMap<>());
  }

  /** A scenario as stores of version 0.1 name it: {@code CLASS_INCREMENTAL} and so on. */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  static Scenario ofConstant(String name) {
    return of(name.toLowerCase(Locale.ROOT).replace('_', '-'));
  }

  /** This scenario with one more option. */
  public Scenario withOption(String name, String value) {
    var more = new TreeMap<>((Map<String, String>) options);
    more.put(name, value);
    return new Scenario(id, more);
  }

  /** Whether the experience that an input belongs to is told at prediction. */
  public boolean taskTold() {
    return id.equals(TASK_INCREMENTAL.id);
  }

  /** The name, and after it the options that are not the defaults: {@code blurry share=0.3}. */
  public String text() {
    return options.isEmpty()
        ? id
        : id + options.entrySet().stream().map(option -> option.getKey() + "=" + option.getValue())
            .collect(Collectors.joining(" ", " ", ""));
  }
}
