package dev.perennial.data;

import dev.perennial.UsageException;
import dev.perennial.data.Columns.Role;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Turns rows into examples, each in its part, and counts those that are bad. */
final class RowCollector implements RowSink {

  private final Columns columns;
  private final List<String> dropLabels;
  private final @Nullable String labelSeparator;
  private final Set<String> dropped = new LinkedHashSet<>();
  private final Parts parts = new Parts(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
  private long total;
  private long bad;
  private String firstBad = "";

  RowCollector(Columns columns, List<String> dropLabels, @Nullable String labelSeparator) {
    this.columns = columns;
    this.dropLabels = dropLabels;
    this.labelSeparator = labelSeparator;
  }

  @Override
  public void row(Path file, long row, List<@Nullable String> cells) {
    var text = columns.cell(cells, Role.TEXT);
    var cell = columns.cell(cells, Role.LABEL);
    var label = cell == null || labelSeparator == null ? cell : wanted(cell, labelSeparator);
    var task = columns.cell(cells, Role.TASK);
    var order = columns.cell(cells, Role.ORDER);
    if (label == null || label.isBlank()) {
      bad(file, row, empty(Role.LABEL));
    } else if (dropLabels.contains(label)) {
      dropped.add(label);
      total++;
    } else if (text == null || text.isBlank()) {
      bad(file, row, empty(Role.TEXT));
    } else if (columns.asks(Role.TASK) && (task == null || task.isBlank())) {
      bad(file, row, empty(Role.TASK));
    } else if (!columns.asks(Role.ORDER)) {
      add(columns.cell(cells, Role.SPLIT), new Example(new Input.Text(text), label, task, null));
    } else if (order == null || order.isBlank()) {
      bad(file, row, empty(Role.ORDER));
    } else {
      OptionalDouble time = OrderValue.parse(order);
      if (time.isEmpty()) {
        bad(file, row,
            "'%s' in column '%s' is neither a number nor a timestamp".formatted(order, columns.name(Role.ORDER)));
      } else {
        add(columns.cell(cells, Role.SPLIT), new Example(new Input.Text(text), label, task, time.getAsDouble()));
      }
    }
  }

  /** Several labels without those to drop, as one: of these it is the first where no other is there. */
  private String wanted(String cell, String separator) {
    var labels = Arrays.stream(cell.split(Pattern.quote(separator), -1)).map(String::strip)
        .filter(label -> !label.isEmpty()).toList();
    var wanted = labels.stream().filter(label -> !dropLabels.contains(label)).toList();
    if (labels.isEmpty()) {
      return "";
    }
    labels.stream().filter(dropLabels::contains).forEach(dropped::add);
    return wanted.isEmpty() ? labels.getFirst() : Example.joined(wanted);
  }

  @Override
  public void bad(Path file, long row, String reason) {
    if (bad == 0) {
      firstBad = file + ":" + row + " (" + reason + ")";
    }
    bad++;
    total++;
  }

  private String empty(Role role) {
    return "no " + role.id() + ": column '" + columns.name(role) + "' is empty";
  }

  private void add(@Nullable String split, Example example) {
    total++;
    var part = switch (split == null ? "" : split.strip().toLowerCase(Locale.ROOT)) {
      case "test" -> parts.test();
      case "validation", "valid", "val", "dev" -> parts.validation();
      default -> parts.train();
    };
    part.add(example);
  }

  /** Rows seen so far, bad and dropped ones included. */
  long total() {
    return total;
  }

  Dataset.BadRows badRows() {
    return new Dataset.BadRows(bad, total, firstBad);
  }

  Parts parts() {
    return parts;
  }

  /**
   * Checks that each label to drop was there.
   *
   * @throws UsageException naming one that was not
   */
  void checkDropped() {
    for (var label : dropLabels) {
      if (!dropped.contains(label)) {
        throw new UsageException(
            "no row has the label '" + label + "' that is to be dropped: check how column '"
                + columns.name(Role.LABEL) + "' spells it");
      }
    }
  }
}
