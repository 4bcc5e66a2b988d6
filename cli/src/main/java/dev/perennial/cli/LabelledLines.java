package dev.perennial.cli;

import dev.perennial.UsageException;
import dev.perennial.data.Example;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/** What routers and bricks of a library are learned from at the command line: examples, in a number of steps. */
final class LabelledLines {

  private LabelledLines() {}

  /** Lines of a class, a tab and a text on standard input. */
  static List<Example> all(InputStream in) {
    var examples = new ArrayList<Example>();
    for (String line : new InputLines(in).all()) {
      int tab = line.indexOf('\t');
      if (tab < 1 || line.substring(tab).isBlank()) {
        throw new UsageException("expected a class, a tab and a text in every line of standard input, got " + line);
      }
      examples.add(Example.of(line.substring(tab + 1), line.substring(0, tab)));
    }
    if (examples.isEmpty()) {
      throw new UsageException("expected lines of a class, a tab and a text on standard input, got none");
    }
    return examples;
  }

  static void requireSteps(int steps) {
    if (steps < 1 || steps > 100_000) {
      throw new UsageException("expected --steps between 1 and 100000, got " + steps);
    }
  }
}
