package dev.perennial.data;

import static java.util.stream.Collectors.joining;

import dev.perennial.Spelling;
import dev.perennial.UsageException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The columns that are asked for: what each is for, and its place among the cells that a {@link TableFile} gives. */
final class Columns {

  /** What a column is for. */
  enum Role {
    TEXT,
    LABEL,
    SPLIT,
    TASK,
    ORDER;

    String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private static final int MAX_LISTED = 30;

  private final Map<Role, String> byRole;
  private final List<String> names;

  private Columns(Map<Role, String> byRole) {
    this.byRole = byRole;
    this.names = List.copyOf(new LinkedHashSet<>(byRole.values()));
  }

  static Columns of(TableOptions options) {
    var byRole = new EnumMap<Role, String>(Role.class);
    put(byRole, Role.TEXT, options.text());
    put(byRole, Role.LABEL, options.label());
    put(byRole, Role.SPLIT, options.split());
    put(byRole, Role.TASK, options.task());
    put(byRole, Role.ORDER, options.order());
    return new Columns(byRole);
  }

  private static void put(Map<Role, String> byRole, Role role, @Nullable String name) {
    if (name != null) {
      byRole.put(role, name);
    }
  }

  /** The names asked for, each once: a row's cells come in this order. */
  List<String> names() {
    return names;
  }

  /** For messages: {@code 'text', 'label'}. */
  String described() {
    return listed(names);
  }

  boolean asks(Role role) {
    return byRole.containsKey(role);
  }

  String name(Role role) {
    return byRole.getOrDefault(role, role.id());
  }

  /** The cell for a role; null where the row leaves it empty or the role is not asked for. */
  @Nullable String cell(List<@Nullable String> cells, Role role) {
    return asks(role) ? cells.get(names.indexOf(name(role))) : null;
  }

  /**
   * Where each of {@link #names} stands among the columns of a file.
   *
   * @throws UsageException if one is not there, or is there twice
   */
  int[] find(Path file, List<String> present) {
    checkPresent(file, present);
    return names.stream().mapToInt(name -> {
      int at = present.indexOf(name);
      if (at != present.lastIndexOf(name)) {
        throw new UsageException(file + " has the column '" + name + "' more than once: give each a name of its own");
      }
      return at;
    }).toArray();
  }

  /**
   * Checks that a file has every column.
   *
   * @throws UsageException naming the first that is missing, those that are there, and the one with the nearest name
   */
  void checkPresent(Path file, Collection<String> present) {
    byRole.forEach((role, name) -> {
      if (!present.contains(name)) {
        throw new UsageException(
            "%s has no column '%s' (asked for with --%s); it has %s%s"
                .formatted(file, name, role.id(), listed(present), Spelling.suggestion(name, present)));
      }
    });
  }

  private static String listed(Collection<String> names) {
    var shown = names.stream().limit(MAX_LISTED).map(name -> "'" + name + "'").collect(joining(", "));
    return names.size() > MAX_LISTED ? shown + " and " + (names.size() - MAX_LISTED) + " more" : shown;
  }
}
