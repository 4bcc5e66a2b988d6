package dev.perennial.measure;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.samskivert.mustache.Mustache;
import dev.perennial.FailureException;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * A report of one or several runs as one HTML page that needs nothing else: no server, no network, no other file.
 *
 * <p>It follows the reader's light or dark setting, every chart has its numbers in a table beside it, and a content
 * security policy in the page forbids it to load anything or to run a script that is not its own.
 */
public final class HtmlReport {
  /** Chart.js, from the webjar of the same version as in the build. */
  private static final String CHARTS = "/META-INF/resources/webjars/chart.js/4.5.1/dist/chart.umd.min.js";

  private HtmlReport() {}

  /**
   * The page's text.
   *
   * @param title what it is about; any characters
   * @param runs at least one, each with a name of its own; up to 6 have colours of their own
   */
  public static String render(String title, List<ReportRun> runs) {
    if (runs.isEmpty() || runs.stream().map(ReportRun::name).distinct().count() < runs.size()) {
      throw new IllegalArgumentException("a report needs at least one run, and each a name of its own");
    }
    ForgettingGrid forgetting = ForgettingGrid.of(runs);
    ChartData charts = ChartData.of(runs, forgetting);
    String library = withoutSourceMap(resource(CHARTS));
    String script = resource("report.js");
    return Mustache.compiler()
        .emptyStringIsFalse(true)
        .withLoader(name -> new StringReader(resource(name + ".html")))
        .compile(resource("report.html"))
        .execute(Map.of(
            "page", Page.of(title, runs, forgetting, charts),
            "style", resource("report.css"),
            "library", library,
            "script", script,
            "policy", "script-src 'sha256-" + sha256(library) + "' 'sha256-" + sha256(script) + "'",
            // In a script element nothing but a less-than sign could end the text early.
            "charts", Json.line(charts).replace("<", "\\u003C")));
  }

  /**
   * Writes the page, in the place of what may be there.
   *
   * @param file where; its directory exists
   * @throws FailureException where it cannot be written
   */
  public static void write(Path file, String title, List<ReportRun> runs) {
    try {
      Files.writeString(file, render(title, runs));
    } catch (IOException e) {
      throw new FailureException(
          "the report cannot be written to " + file + " (" + e.getClass().getSimpleName() + ": " + e.getMessage()
              + "); name a file in a directory that exists, can be written and has space",
          e);
    }
  }

  /** Where the library's source map is does not matter to a reader, whose browser would ask for it. */
  private static String withoutSourceMap(String library) {
    int line = library.lastIndexOf("\n//# sourceMappingURL=");
    return line < 0 ? library : library.substring(0, line);
  }

  private static String sha256(String script) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(script.getBytes(UTF_8));
      return Base64.getEncoder().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static String resource(String name) {
    try (InputStream in = HtmlReport.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("the report's " + name + " is not on the class path");
      }
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
