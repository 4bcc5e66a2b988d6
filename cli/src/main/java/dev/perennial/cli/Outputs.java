package dev.perennial.cli;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.measure.HtmlReport;
import dev.perennial.measure.ReportRun;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The files that figures are written to.
 *
 * @param json for programs; null for none
 * @param report for people, as HTML; null for none
 */
record Outputs(@Nullable Path json, @Nullable Path report) {

  /**
   * Makes sure, before time is spent on learning, that the files can be written; makes their directories.
   *
   * @throws UsageException if one is a directory, or both are the same file
   * @throws FailureException if one cannot be written
   */
  void check() {
    if (json != null && report != null
        && json.toAbsolutePath().normalize().equals(report.toAbsolutePath().normalize())) {
      throw new UsageException("--json and --report both name " + json + ": name two files");
    }
    check("--json", json);
    check("--report", report);
  }

  private static void check(String option, @Nullable Path file) {
    if (file == null) {
      return;
    }
    if (Files.isDirectory(file)) {
      throw new UsageException("expected a file for " + option + ", got the directory " + file + ": name a file in it");
    }
    try {
      Path parent = file.toAbsolutePath().getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      boolean isNew = Files.notExists(file);
      FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE).close();
      if (isNew) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw unwritable(option, file, e);
    }
  }

  /**
   * Writes one run.
   *
   * @param figures the JSON text
   */
  void write(ReportRun run, String figures) {
    write(run.result().technique() + " on " + run.facts().get("Data"), List.of(run), figures);
  }

  /**
   * Writes figures alone.
   *
   * @throws FailureException if the file cannot be written
   */
  void write(String figures) {
    if (json != null) {
      try {
        Files.writeString(json, figures);
      } catch (IOException e) {
        throw unwritable("--json", json, e);
      }
    }
  }

  /**
   * Writes runs side by side.
   *
   * @param title of the report
   * @param figures the JSON text
   * @throws FailureException if a file cannot be written
   */
  void write(String title, List<ReportRun> runs, String figures) {
    write(figures);
    if (report != null) {
      HtmlReport.write(report, title, runs);
    }
  }

  private static FailureException unwritable(String option, Path file, IOException e) {
    return new FailureException("expected a file that can be written for " + option + ", got " + file + " ("
        + e.getClass().getSimpleName() + ": " + e.getMessage() + "): check permissions and space, or name another", e);
  }
}
