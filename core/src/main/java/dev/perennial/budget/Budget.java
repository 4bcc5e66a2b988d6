package dev.perennial.budget;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.perennial.UsageException;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * The most that learning may spend of each resource, over the whole life of a model.
 *
 * <p>As JSON it is an object of resource names and amounts, {@code {"parameters":1000000}}.
 *
 * @param limits amounts in the resource's own unit (a count, bytes, seconds), finite and not negative; a resource that
 *     is absent is unlimited
 */
public record Budget(Map<Resource, Double> limits) {

  /** No limit on anything. */
  public static final Budget UNLIMITED = new Budget(Map.of());

  /** Copies and checks the limits. */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public Budget {
    var copy = new EnumMap<Resource, Double>(Resource.class);
    limits.forEach((resource, limit) -> {
      if (!(limit >= 0) || limit.isInfinite()) {
        throw new IllegalArgumentException("the budget for " + resource.id() + " cannot be " + limit);
      }
      copy.put(resource, limit);
    });
    limits = Collections.unmodifiableMap(copy);
  }

  /**
   * Reads limits as a user writes them.
   *
   * <p>Counts ({@code parameters}, {@code labels}) take k, M, G for thousands, millions and thousand millions. Bytes
   * take KiB, MiB, GiB for powers of 1024 and kB, MB, GB for powers of 1000. Seconds take s, min, h. Without a unit the
   * number is a count, bytes or seconds. Upper and lower case are the same.
   *
   * @param settings such as {@code parameters=1.5M} and {@code seconds=5min}, in any order
   * @throws UsageException where a setting is not {@code name=amount}, names no resource or one twice, or its amount
   *     cannot be read
   */
  public static Budget parse(Collection<String> settings) {
    var limits = new EnumMap<Resource, Double>(Resource.class);
    for (String setting : settings) {
      int equals = setting.indexOf('=');
      if (equals < 0) {
        throw new UsageException("a budget is written name=amount; got \"" + setting + "\"; " + choices());
      }
      Resource resource = resource(setting.substring(0, equals).strip());
      if (limits.put(resource, Amount.parse(resource, setting.substring(equals + 1))) != null) {
        throw new UsageException("budget " + resource.id() + " is given twice; give it once");
      }
    }
    return new Budget(limits);
  }

  /** The most that may be spent of a resource; empty where it is unlimited. */
  public OptionalDouble limit(Resource resource) {
    Double limit = limits.get(resource);
    return limit == null ? OptionalDouble.empty() : OptionalDouble.of(limit);
  }

  /** The limits, written without a fraction where they have none. */
  @JsonValue
  Map<Resource, Number> json() {
    var json = new EnumMap<Resource, Number>(Resource.class);
    limits.forEach((resource, limit) -> json.put(resource, WholeNumbers.simplest(limit)));
    return json;
  }

  private static Resource resource(String id) {
    return Arrays.stream(Resource.values())
        .filter(r -> r.id().equals(id))
        .findFirst()
        .orElseThrow(() -> new UsageException("there is no budget \"" + id + "\"; " + choices()));
  }

  private static String choices() {
    return Arrays.stream(Resource.values())
        .map(r -> r.id() + " (" + Amount.expected(r) + ")")
        .collect(joining("; ", "choose among ", ""));
  }
}
