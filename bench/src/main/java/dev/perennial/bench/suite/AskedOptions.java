package dev.perennial.bench.suite;

import dev.perennial.Options;
import dev.perennial.Spelling;
import dev.perennial.UsageException;
import dev.perennial.learn.Techniques;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The options that a suite asks for: what is usual there and what a user gives for all techniques goes to those that
 * have such an option, what a user gives for one technique to that one.
 *
 * @param usual what belongs to the suite's setting, by name
 * @param forAll given by {@code --option}
 * @param own given by {@code --technique-option}, by technique
 */
record AskedOptions(
    Map<String, String> usual, Map<String, String> forAll, Map<String, Map<String, String>> own) {

  /**
   * The options of each technique.
   *
   * @param names of techniques, each once
   * @throws UsageException if there is no technique of a name, none has an option, or a value does not fit
   */
  SortedMap<String, SortedMap<String, String>> of(Techniques techniques, List<String> names) {
    var options = new TreeMap<String, SortedMap<String, String>>();
    var offered = new TreeSet<String>();
    for (String name : names) {
      Set<String> known = Options.flat(techniques.named(name).defaults()).keySet();
      offered.addAll(known);
      var asked = new TreeMap<String, String>();
      asked.putAll(usual);
      asked.putAll(forAll);
      asked.keySet().retainAll(known);
      asked.putAll(own.getOrDefault(name, Map.of()));
      techniques.choose(name, asked);
      if (options.put(name, asked) != null) {
        throw new UsageException("expected each technique once, got " + name + " twice: name it once");
      }
    }
    for (String name : forAll.keySet()) {
      if (!offered.contains(name)) {
        throw new UsageException("expected --option of one of the techniques, got " + name + ", which none of "
            + String.join(", ", names) + " has" + Spelling.suggestion(name, offered));
      }
    }
    for (String name : own.keySet()) {
      if (!options.containsKey(name)) {
        throw new UsageException("expected --technique-option of a technique of the suite, got one of " + name
            + ": choose among " + String.join(", ", names) + Spelling.suggestion(name, names));
      }
    }
    return options;
  }
}
