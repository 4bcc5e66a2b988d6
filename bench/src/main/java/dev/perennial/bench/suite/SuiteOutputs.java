package dev.perennial.bench.suite;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.measure.HtmlPage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The files that a suite's figures are written to; null for none.
 *
 * @param json for programs
 * @param csv for spreadsheets
 * @param report for people, as HTML
 */
record SuiteOutputs(@Nullable Path json, @Nullable Path csv, @Nullable Path report) {

  /**
   * Makes sure, before time is spent, that there is a place for each file.
   *
   * @throws UsageException if one is a directory, its directory does not exist or cannot be written to, or two are one
   */
  void check() {
    var places = new HashSet<Path>();
    files().forEach((option, file) -> {
      if (Files.isDirectory(file)) {
        throw new UsageException(
            "expected a file for " + option + ", got the directory " + file + ": name a file in it");
      }
      Path parent = file.toAbsolutePath().getParent();
      if (parent == null || !Files.isWritable(Files.exists(file) ? file : parent)) {
        throw new UsageException("expected a file that can be written for " + option + ", got " + file
            + ": make its directory, or name another");
      }
      if (!places.add(file.toAbsolutePath().normalize())) {
        throw new UsageException(
            "expected a file of its own for " + option + ", got " + file + " again: name another");
      }
    });
  }

  /** The files by the options that name them. */
  Map<String, Path> files() {
    var files = new LinkedHashMap<String, Path>();
    if (json != null) {
      files.put("--json", json);
    }
    if (csv != null) {
      files.put("--csv", csv);
    }
    if (report != null) {
      files.put("--report", report);
    }
    return files;
  }

  /**
   * Writes them.
   *
   * @throws FailureException if one cannot be written
   */
  void write(SuiteOutcome outcome) {
    List<SuiteResult> results = SuiteResult.of(outcome);
    if (json != null) {
      write("--json", json, SuiteResult.json(results));
    }
    if (csv != null) {
      write("--csv", csv, SuiteResult.csv(results));
    }
    if (report != null) {
      HtmlPage.write(report, SuitePage.render(outcome));
    }
  }

  private static void write(String option, Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new FailureException("could not write " + option + " " + file + " (" + e.getMessage()
          + "): check permissions and space, or name another file", e);
    }
  }
}
