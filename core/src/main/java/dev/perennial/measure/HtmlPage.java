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
import java.util.Map;

/**
 * An HTML page that needs nothing else: no server, no network, no other file.
 *
 * <p>It follows the reader's light or dark setting, and a content security policy in the page forbids it to load
 * anything or to run a script that is not its own. Charts are drawn by Chart.js; every page may use the functions of
 * {@code charts.js}, the style {@code report.css} and the table {@code grid.html}.
 */
public final class HtmlPage {
  /** Chart.js, from the webjar of the same version as in the build. */
  private static final String CHARTS = "/META-INF/resources/webjars/chart.js/4.5.1/dist/chart.umd.min.js";

  private HtmlPage() {}

  /**
   * The page's text.
   *
   * @param owner beside whose class file the resources {@code name.html} and {@code name.js} lie
   * @param name of those resources: a Mustache template of what stands between the page's head and foot, where texts
   *     are escaped and <code>{{>grid}}</code> is a {@link Grid}, and the script that draws
   * @param title of the page; any characters
   * @param page what the template shows, by the names of its components
   * @param charts what the script draws, as JSON can hold it
   */
  public static String render(Class<?> owner, String name, String title, Object page, Object charts) {
    String library = withoutSourceMap(resource(HtmlPage.class, CHARTS));
    String script = resource(HtmlPage.class, "charts.js") + resource(owner, name + ".js");
    // In a script element nothing but a less-than sign could end the text early.
    return render(owner, name, title, page, library, script, Json.line(charts).replace("<", "\\u003C"),
        "script-src 'sha256-" + sha256(library) + "' 'sha256-" + sha256(script) + "'");
  }

  /**
   * The text of a page without charts, and so without a script.
   *
   * @param owner beside whose class file the resource {@code name.html} lies
   * @param name of that resource, a template as above, where <code>{{>lineage}}</code> is a picture of bricks
   * @param title of the page; any characters
   * @param page what the template shows, by the names of its components
   */
  static String render(Class<?> owner, String name, String title, Object page) {
    return render(owner, name, title, page, "", "", "", "script-src 'none'");
  }

  private static String render(Class<?> owner, String name, String title, Object page, String library, String script,
      String charts, String policy) {
    return Mustache.compiler()
        .emptyStringIsFalse(true)
        .withLoader(part -> new StringReader(
            part.equals("body") ? resource(owner, name + ".html") : resource(HtmlPage.class, part + ".html")))
        .compile(resource(HtmlPage.class, "page.html"))
        .execute(Map.of(
            "pageTitle", title,
            "page", page,
            "style", resource(HtmlPage.class, "report.css"),
            "library", library,
            "script", script,
            "policy", policy,
            "charts", charts));
  }

  /**
   * Writes a page, in the place of what may be there.
   *
   * @param file where; its directory exists
   * @throws FailureException where it cannot be written
   */
  public static void write(Path file, String html) {
    try {
      Files.writeString(file, html);
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

  private static String resource(Class<?> owner, String name) {
    try (InputStream in = owner.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("the report's " + name + " is not on the class path");
      }
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
