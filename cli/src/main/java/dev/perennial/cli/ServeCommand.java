package dev.perennial.cli;

import dev.perennial.FailureException;
import dev.perennial.KeyValues;
import dev.perennial.UsageException;
import dev.perennial.budget.Budget;
import dev.perennial.budget.Resource;
import dev.perennial.server.http.PerennialServer;
import dev.perennial.server.http.ServerOptions;
import dev.perennial.server.safety.Limits;
import dev.perennial.tensor.LibTorch;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code perennial serve}: a model over HTTP, which learns while it predicts. */
@Command(
    name = "serve",
    header = "Serve a model over HTTP: it predicts, and learns what it is sent meanwhile.",
    description = {
        "",
        "A new directory begins with a model that knows nothing, and learns any class at any time (g-acil). A store that "
            + "./perennial learn has made goes on learning where its technique takes row by row (auto, "
            + "g-acil, first-session-analytic, latent-replay), and is served for predictions alone where it does not. What is "
            + "acknowledged is on disk, and learned exactly once whatever happens. Stop it with Ctrl-C or SIGTERM: it answers what it has, "
            + "commits and ends.",
        "",
        "Its page is at / in a browser. What it speaks: /openapi.json tells, docs/serving.md shows."},
    footer = {
        "  ./perennial serve --store shop",
        "  curl -H 'Content-Type: application/json' localhost:8080/v1/learn -d '{\"text\":\"where is my parcel\",\"label\":\"delivery\"}'",
        "  curl -H 'Content-Type: application/json' localhost:8080/v1/predict -d '{\"text\":\"the parcel is late\"}'",
        "  ./perennial serve --store shop --watch incoming",
        "  ./perennial serve --store shop --kafka localhost:9092 --topic examples --predictions-topic answers",
        "  ./perennial serve --store shop --p99 50ms --tokens tokens.txt --host 0.0.0.0 --cert cert.pem --key key.pem"})
final class ServeCommand implements Runnable {

  private static final Pattern TIME = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,6})?)(ms|s|min|h|)");

  /** More than a drain, for what is in progress and the last commit; then the process ends whatever it does. */
  private static final Duration LAST = Duration.ofSeconds(20);

  @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where what is learned is kept.")
  private Path store = Path.of("");

  @Option(names = "--host", paramLabel = "HOST", defaultValue = "127.0.0.1",
      description = "Where to listen. Others than the loopback need --tokens. Default: ${DEFAULT-VALUE}.")
  private String host = "";

  @Option(names = "--port", paramLabel = "PORT", defaultValue = "8080",
      description = "0 for any that is free, which is told. Default: ${DEFAULT-VALUE}.")
  private int port;

  @Option(names = "--p99", paramLabel = "TIME", defaultValue = "0",
      description = "What 99 of 100 predictions should take at most, such as 50ms: learning holds back for it. Default: "
          + "learning takes what it needs.")
  private String p99 = "";

  @Option(names = "--backbone", paramLabel = "NAME|DIR", defaultValue = "minilm",
      description = "Of new models. Default: ${DEFAULT-VALUE}.")
  private String backbone = "";

  @Option(names = "--option", paramLabel = "NAME=VALUE",
      description = "An option of g-acil for new models. Default: features=1024; more know more and are slower to learn: "
          + "4096 takes about 64 times as long to become visible.")
  private List<String> options = new ArrayList<>();

  @Option(names = "--threads", paramLabel = "N", description = "Threads that predict. Default: the processors.")
  private @Nullable Integer threads;

  @Option(names = "--memory", paramLabel = "BYTES", defaultValue = "512MiB",
      description = "For models that are loaded, and again for those that are being learned. Default: ${DEFAULT-VALUE}.")
  private String memory = "";

  @Option(names = "--max-models", paramLabel = "N", defaultValue = "10000",
      description = "Models beside the default one at most. Default: ${DEFAULT-VALUE}.")
  private int mostModels;

  @Option(names = "--tokens", paramLabel = "FILE",
      description = "Lines NAME SCOPES TOKEN [MODELS], scopes of read, learn and admin with commas between. Default: whoever "
          + "reaches the port may do everything.")
  private @Nullable Path tokens;

  @Option(names = "--cert", paramLabel = "PEM", description = "Speak TLS with this certificate.")
  private @Nullable Path certificates;

  @Option(names = "--key", paramLabel = "PEM", description = "Its private key, PKCS #8.")
  private @Nullable Path key;

  @Option(names = "--max-body", paramLabel = "BYTES", defaultValue = "16MiB",
      description = "Of a request. Default: ${DEFAULT-VALUE}.")
  private String mostBody = "";

  @Option(names = "--max-rate", paramLabel = "N", defaultValue = "0",
      description = "Texts a second of one client. Default: no limit.")
  private double rate;

  @Option(names = "--commit-every", paramLabel = "TIME", defaultValue = "30s",
      description = "How long rows may be in the journal alone; they are safe there. Default: ${DEFAULT-VALUE}.")
  private String commitEvery = "";

  @Option(names = "--keep-texts", paramLabel = "BYTES", defaultValue = "256MiB",
      description = "Texts that were learned and are kept, so that what a source taught can be removed. Default: "
          + "${DEFAULT-VALUE}.")
  private String keepTexts = "";

  @Option(names = "--drain", paramLabel = "TIME", defaultValue = "20s",
      description = "How long a stop may go on learning what waits; the next process does the rest. Default: "
          + "${DEFAULT-VALUE}.")
  private String drain = "";

  @Option(names = "--cache", paramLabel = "N", defaultValue = "10000",
      description = "Texts whose answers are kept for those who ask the same again, until the model has learned; 0 for none. "
          + "Default: ${DEFAULT-VALUE}.")
  private int cached;

  @Option(names = "--recall", paramLabel = "ROWS", defaultValue = "0",
      description = "Taught rows of each model whose errors correct predictions of like texts at once, until the model has "
          + "learned them: up to 10000, for one more pass through the encoder each. Worth it where learning holds back (--p99) "
          + "or heads are large. Default: ${DEFAULT-VALUE}, for none.")
  private int recall;

  @Mixin
  private ServeSources sources = new ServeSources();

  private final Console console;
  /** Kept, since loggers that nobody holds forget their levels. */
  private final Logger web = Logger.getLogger("io.helidon");

  ServeCommand(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    web.setLevel(Level.OFF);
    ServerOptions asked = asked();
    var stopped = new CountDownLatch(1);
    sources.check();
    if (cached < 0 || cached > 10_000_000) {
      throw new UsageException("expected 0 to 10000000 texts for --cache, got " + cached);
    }
    PerennialServer server = PerennialServer.start(asked, cached, sources.listener(this::tell), Clock.systemUTC());
    try {
      sources.start(server.intake(), this::tell);
    } catch (UsageException | FailureException e) {
      sources.close();
      server.close();
      throw e;
    }
    Thread last = Thread.ofPlatform().name("perennial-stop").unstarted(() -> stop(server, asked.drain(), stopped));
    LibTorch.beforeEnd(last);
    console.out().println("perennial: serving " + store + " on " + (certificates == null ? "http" : "https") + "://" + host
        + ":" + server.port() + (tokens == null ? ", to whoever is on this machine" : ""));
    console.out().flush();
    OldGarbage garbage = OldGarbage.ofThisProcess();
    try {
      do {
        garbage.look();
      } while (!stopped.await(10, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void tell(String line) {
    console.err().println("perennial: " + line);
    console.err().flush();
  }

  private void stop(PerennialServer server, Duration most, CountDownLatch stopped) {
    Thread closing = Thread.ofPlatform().daemon().name("perennial-closing").start(() -> {
      sources.stopReading();
      server.close();
      sources.close();
    });
    try {
      if (closing.join(most.plus(LAST))) {
        console.err().println("perennial: stopped; go on by ./perennial serve --store " + Shell.word(store));
      } else {
        console.err().println("perennial: stopped before all was committed; the next server goes on from the journal, and"
            + " nothing that was acknowledged is lost");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    console.err().flush();
    stopped.countDown();
  }

  private ServerOptions asked() {
    var chosen = new TreeMap<>(Map.of("features", "1024"));
    chosen.putAll(KeyValues.of("--option", options));
    Limits defaults = Limits.DEFAULT;
    int body = (int) Math.min(Integer.MAX_VALUE - 16, bytes("--max-body", mostBody));
    var limits = new Limits(body, defaults.batch(), defaults.textChars(), defaults.labelChars(), rate, defaults.streams(),
        defaults.connections(), defaults.backlog(), defaults.body());
    return new ServerOptions(store, host, port, threads == null ? Runtime.getRuntime().availableProcessors() : threads,
        time("--p99", p99).toNanos() / 1e9, bytes("--memory", memory), mostModels, backbone, chosen, tokens, certificates, key,
        limits, time("--commit-every", commitEvery), bytes("--keep-texts", keepTexts), 1_000_000, time("--drain", drain),
        recall);
  }

  private static long bytes(String option, String text) {
    try {
      return (long) Budget.parse(List.of("bytes=" + text)).limit(Resource.BYTES).orElseThrow();
    } catch (UsageException e) {
      throw new UsageException("expected bytes for " + option + ", such as 512MiB, got " + text, e);
    }
  }

  private static Duration time(String option, String text) {
    Matcher time = TIME.matcher(text);
    if (!time.matches()) {
      throw new UsageException("expected a time for " + option + ", such as 50ms, 30s or 5min, got " + text);
    }
    double unit = switch (time.group(2)) {
      case "ms" -> 1e6;
      case "min" -> 60e9;
      case "h" -> 3600e9;
      default -> 1e9;
    };
    return Duration.ofNanos((long) (Double.parseDouble(time.group(1)) * unit));
  }
}
