package dev.perennial;

import static java.util.stream.Collectors.joining;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Options records by name: the components of a record, and of the records in it, as one flat list of names.
 *
 * <p>Components are int, long, double, boolean, String, enums, or records of such. An enum's constant is written in
 * lower case with hyphens.
 */
public final class Options {

  private Options() {}

  /**
   * The names and values of a record's components, in their order.
   *
   * @return values as Integer, Long, Double, Boolean or String
   * @throws IllegalStateException if two of its components have the same name, or one is of another type
   */
  public static Map<String, Object> flat(Record options) {
    var flat = new LinkedHashMap<String, Object>();
    collect(options, flat);
    return flat;
  }

  private static void collect(Record options, Map<String, Object> flat) {
    for (RecordComponent component : options.getClass().getRecordComponents()) {
      Object value = valueOf(component, options);
      if (value instanceof Record inner) {
        collect(inner, flat);
        continue;
      }
      Object shown = switch (value) {
        case Integer number -> number;
        case Long number -> number;
        case Double number -> number;
        case Boolean truth -> truth;
        case String text -> text;
        case Enum<?> constant -> written(constant);
        default -> throw new IllegalStateException("an option cannot be of type " + component.getType().getName());
      };
      if (flat.put(component.getName(), shown) != null) {
        throw new IllegalStateException("two options of " + options.getClass().getName() + " are called "
            + component.getName());
      }
    }
  }

  /**
   * The options that a user asks for.
   *
   * @param defaults where nothing is asked for
   * @param asked values by name, as they were written
   * @param whose what the options belong to, for messages: {@code technique replay}
   * @throws UsageException if there is no option of a name, or a value is not of its type or out of its range
   */
  public static <O extends Record> O of(O defaults, Map<String, String> asked, String whose) {
    Map<String, Object> known = flat(defaults);
    for (String name : asked.keySet()) {
      if (!known.containsKey(name)) {
        throw new UsageException("expected an option of " + whose + ", got " + name + ": " + described(known)
            + Spelling.suggestion(name, known.keySet()));
      }
    }
    return rebuilt(defaults, asked, whose);
  }

  private static String described(Map<String, Object> known) {
    return known.isEmpty()
        ? "it has none"
        : known.entrySet().stream().map(option -> option.getKey() + "=" + option.getValue())
            .collect(joining(", ", "with their defaults there are ", ""));
  }

  private static <O extends Record> O rebuilt(O defaults, Map<String, String> asked, String whose) {
    @SuppressWarnings("unchecked")
    Class<O> type = (Class<O>) defaults.getClass();
    RecordComponent[] components = type.getRecordComponents();
    Object[] values = new Object[components.length];
    for (int i = 0; i < values.length; i++) {
      Object value = valueOf(components[i], defaults);
      String text = asked.get(components[i].getName());
      values[i] = value instanceof Record inner
          ? rebuilt(inner, asked, whose)
          : text == null ? value : parsed(components[i], text, whose);
    }
    return constructed(type, components, values, whose);
  }

  private static Object parsed(RecordComponent component, String text, String whose) {
    Class<?> type = component.getType();
    String value = text.strip();
    try {
      if (type == int.class) {
        return Integer.parseInt(value);
      }
      if (type == long.class) {
        return Long.parseLong(value);
      }
      if (type == double.class) {
        return Double.parseDouble(value);
      }
    } catch (NumberFormatException e) {
      throw unfit(component, text, type == double.class ? "a number" : "a whole number", whose);
    }
    if (type == boolean.class) {
      return switch (value.toLowerCase(Locale.ROOT)) {
        case "true" -> true;
        case "false" -> false;
        default -> throw unfit(component, text, "true or false", whose);
      };
    }
    if (type.isEnum()) {
      for (Object constant : type.getEnumConstants()) {
        if (written((Enum<?>) constant).equals(value.toLowerCase(Locale.ROOT))) {
          return constant;
        }
      }
      throw unfit(component, text, Arrays.stream(type.getEnumConstants())
          .map(constant -> written((Enum<?>) constant)).collect(joining(" or ")), whose);
    }
    return text;
  }

  private static UsageException unfit(RecordComponent component, String text, String expected, String whose) {
    return new UsageException(
        "expected " + expected + " for the option " + component.getName() + " of " + whose + ", got \"" + text + "\"");
  }

  private static String written(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static <O extends Record> O constructed(
      Class<O> type, RecordComponent[] components, Object[] values, String whose) {
    try {
      Constructor<O> canonical = type.getDeclaredConstructor(
          Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new));
      return canonical.newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof UsageException refused) {
        throw new UsageException("option of " + whose + ": " + refused.getMessage(), refused);
      }
      throw new IllegalStateException("options refuse values by a UsageException", e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("options are public records: " + type.getName(), e);
    }
  }

  private static Object valueOf(RecordComponent component, Record record) {
    try {
      return component.getAccessor().invoke(record);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("options are public records: " + record.getClass().getName(), e);
    }
  }
}
