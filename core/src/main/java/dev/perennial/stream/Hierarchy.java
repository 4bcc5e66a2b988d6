package dev.perennial.stream;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** A tree of labels: what each label is called on each level, from coarse to fine. */
interface Hierarchy {

  /** The names from the coarsest to the label itself; the root, which tells nothing, is not among them. */
  List<String> path(String label);

  /** The tree that labels spell out: {@code noun.animal} is below {@code noun}. */
  static Hierarchy ofNames(String separator) {
    return label -> {
      var path = new ArrayList<String>();
      int from = label.indexOf(separator, 1);
      for (; from > 0; from = label.indexOf(separator, from + separator.length())) {
        path.add(label.substring(0, from));
      }
      path.add(label);
      return path;
    };
  }

  /**
   * The tree that a file lists: on each line a label, a tab or a comma, and the label above it.
   *
   * @throws UsageException in one line, if there is no such file, a line is something else, a label stands below two,
   *     or below itself, or there is not exactly one root
   * @throws FailureException if the file cannot be read
   */
  static Hierarchy ofFile(Path file) {
    var parents = parents(file);
    var roots = new TreeSet<>(parents.values());
    roots.removeAll(parents.keySet());
    if (roots.size() > 1) {
      throw new UsageException("%s: expected a hierarchy with one root, and there are %d (%s): %s"
          .formatted(file, roots.size(), String.join(", ", roots), "put all but one below another label"));
    }
    return label -> path(label, parents, file);
  }

  private static List<String> path(String label, Map<String, String> parents, Path file) {
    var path = new LinkedHashSet<String>();
    String name = label;
    for (String parent = parents.get(name); parent != null; parent = parents.get(name)) {
      if (!path.add(name)) {
        throw new UsageException("%s: '%s' stands below itself: a hierarchy has no way round".formatted(file, name));
      }
      name = parent;
    }
    if (path.isEmpty()) {
      throw new UsageException(
          "%s: the label '%s' stands below nothing: give it a line label,parent".formatted(file, label));
    }
    return List.copyOf(path).reversed();
  }

  private static Map<String, String> parents(Path file) {
    var parents = new HashMap<String, String>();
    int number = 0;
    for (String line : lines(file)) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      String[] names = line.split(line.contains("\t") ? "\t" : Pattern.quote(","), -1);
      if (names.length != 2 || names[0].isBlank() || names[1].isBlank()) {
        throw new UsageException("%s:%d: expected a label, a tab or a comma, and the label above it, got '%s'"
            .formatted(file, number, line));
      }
      String other = parents.put(names[0].strip(), names[1].strip());
      if (other != null && !other.equals(names[1].strip())) {
        throw new UsageException("%s:%d: '%s' stands below '%s' and below '%s': leave one of them"
            .formatted(file, number, names[0].strip(), other, names[1].strip()));
      }
    }
    if (parents.isEmpty()) {
      throw new UsageException(file + " has no lines: expected a label, a tab or a comma, and the label above it");
    }
    return parents;
  }

  private static List<String> lines(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new UsageException("expected a file for the option parents, there is none at " + file + ": check the path");
    }
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new FailureException("cannot read " + file + " (" + e.getMessage() + "): check that it is UTF-8 text", e);
    }
  }
}
