package dev.perennial.edit;

import dev.perennial.Spelling;
import dev.perennial.UsageException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The places of labels among a model's classes. */
final class Labels {

  private final Map<String, Integer> places = new HashMap<>();

  Labels(List<String> classes) {
    classes.forEach(name -> places.put(name, places.size()));
  }

  /** @throws UsageException if it is none of the classes */
  int place(String label) {
    Integer place = places.get(label);
    if (place == null) {
      throw new UsageException("expected the label of an edit among the " + places.size() + " classes of the model, got "
          + label + Spelling.suggestion(label, places.keySet()));
    }
    return place;
  }

  static long[] of(List<Edit> edits, List<String> classes) {
    var labels = new Labels(classes);
    return edits.stream().mapToLong(edit -> labels.place(edit.label())).toArray();
  }
}
