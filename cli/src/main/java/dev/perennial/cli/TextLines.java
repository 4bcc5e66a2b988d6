package dev.perennial.cli;

import dev.perennial.UsageException;
import java.util.ArrayList;
import java.util.List;

/** Texts of a command line: as they were typed, or the lines of standard input where they are a dash alone. */
final class TextLines {

  private static final int BATCH = 1024;

  private TextLines() {}

  /**
   * All of them; blank lines are left out, and counted.
   *
   * @throws UsageException if a text that was typed is blank, or there is none
   */
  static List<String> of(List<String> typed, Console console) {
    if (!typed.equals(List.of("-"))) {
      if (typed.stream().anyMatch(String::isBlank)) {
        throw new UsageException("expected texts, got a blank one: give it some words");
      }
      return typed;
    }
    var lines = new InputLines(console.in());
    var texts = new ArrayList<String>();
    for (List<String> batch = lines.next(BATCH); !batch.isEmpty(); batch = lines.next(BATCH)) {
      texts.addAll(batch);
    }
    if (lines.blank() > 0) {
      console.err().println("perennial: " + lines.blank() + " blank line" + (lines.blank() == 1 ? "" : "s")
          + " left out");
    }
    if (texts.isEmpty()) {
      throw new UsageException("expected lines of text on standard input, got none: pipe some in");
    }
    return texts;
  }
}
