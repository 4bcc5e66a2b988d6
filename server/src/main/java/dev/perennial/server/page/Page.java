package dev.perennial.server.page;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.perennial.FailureException;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/**
 * The page as one text that needs no other file and no other host, and the policy that holds it to that.
 *
 * <p>It is the style and the chart functions of reports, Chart.js, and what is its own.
 *
 * @param html the page, UTF-8
 * @param policy the value of Content-Security-Policy: scripts and styles by their digests, connections to this server alone
 */
public record Page(byte[] html, String policy) {

  private static final String OWN = "/dev/perennial/server/page/";
  private static final String REPORTS = "/dev/perennial/measure/";
  private static final String CHARTS = "/META-INF/resources/webjars/chart.js/4.5.1/dist/chart.umd.min.js";

  /** The page. */
  public static Page make() {
    String library = withoutSourceMap(resource(CHARTS));
    String script = resource(REPORTS + "charts.js") + resource(OWN + "serve.js");
    String style = resource(REPORTS + "report.css") + resource(OWN + "serve.css");
    String html = resource(OWN + "serve.html").replace("{{style}}", style).replace("{{library}}", library)
        .replace("{{script}}", script);
    String policy = "default-src 'none'; script-src 'sha256-" + sha256(library) + "' 'sha256-" + sha256(script)
        + "'; style-src 'sha256-" + sha256(style) + "'; img-src data:; connect-src 'self'; base-uri 'none';"
        + " form-action 'none'; frame-ancestors 'none'";
    return new Page(html.getBytes(UTF_8), policy);
  }

  /** Where the library's source map is does not matter to a reader, whose browser would ask for it. */
  private static String withoutSourceMap(String library) {
    int line = library.lastIndexOf("\n//# sourceMappingURL=");
    return line < 0 ? library : library.substring(0, line);
  }

  private static String sha256(String text) {
    try {
      return Base64.getEncoder().encodeToString(MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static String resource(String name) {
    try (InputStream in = Page.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new FailureException("expected " + name + " among the server's classes, found none: build it again");
      }
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new FailureException("cannot read " + name + ": " + e, e);
    }
  }
}
