package dev.perennial.server.http;

import dev.perennial.FailureException;
import dev.perennial.budget.Resource;
import dev.perennial.server.Intake;
import dev.perennial.server.Listeners;
import dev.perennial.server.Predicting;
import dev.perennial.server.ServerListener;
import dev.perennial.server.batch.BatchOptions;
import dev.perennial.server.batch.BatchQueue;
import dev.perennial.server.journal.Journal;
import dev.perennial.server.journal.JournalOptions;
import dev.perennial.server.journal.PredictionMemory;
import dev.perennial.server.model.Encoders;
import dev.perennial.server.model.Latencies;
import dev.perennial.server.model.Pace;
import dev.perennial.server.model.Writer;
import dev.perennial.server.model.WriterOptions;
import dev.perennial.server.page.Watcher;
import dev.perennial.server.safety.Limits;
import dev.perennial.server.safety.RateLimit;
import dev.perennial.server.safety.Scope;
import dev.perennial.server.safety.TlsFiles;
import dev.perennial.server.safety.Tokens;
import dev.perennial.server.tenant.Asking;
import dev.perennial.server.tenant.CachedAsking;
import dev.perennial.server.tenant.PendingErrors;
import dev.perennial.server.tenant.Recalling;
import dev.perennial.server.tenant.Teaching;
import dev.perennial.server.tenant.TenantName;
import dev.perennial.server.tenant.TenantOptions;
import dev.perennial.server.tenant.Tenants;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.Workers;
import io.helidon.common.tls.Tls;
import io.helidon.http.DirectHandler;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.WebServerConfig;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * A running server: it predicts, and learns meanwhile.
 *
 * <p>What is in its directory: the store of the default model, {@code models/NAME} with those of others, {@code journal.db}
 * with what was taught, {@code predictions.db} with the texts of the newest predictions, {@code serving}, its lock.
 */
public final class PerennialServer implements AutoCloseable {

  private static final Duration GRACE = Duration.ofSeconds(5);

  /** Texts whose answers are kept, unless another number is asked for. */
  public static final int CACHED = 10_000;

  /** Texts that may wait to be predicted. */
  private static final int WAITING = 4096;
  private static final int PASS_TOKENS = 128;

  private final ServerOptions options;
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final Journal journal;
  private final Writer writer;
  private final BatchQueue queue;
  private final Tenants tenants;
  private final Teaching teaching;
  private final Predicting asking;
  private final Api api;
  private final WebServer web;
  private final long begun;
  private volatile boolean stopping;

  /**
   * Starts a server. Returns when it answers; what the journal holds and models do not is learned meanwhile.
   *
   * @param listener hears what happens
   * @throws dev.perennial.UsageException if the options do not fit what is there
   * @throws FailureException if another process serves or learns there, or the port is taken
   */
  public static PerennialServer start(ServerOptions options, ServerListener listener, Clock clock) {
    return start(options, CACHED, listener, clock);
  }

  /** The same with a cache of another number of texts; 0 for none. */
  public static PerennialServer start(ServerOptions options, int cached, ServerListener listener, Clock clock) {
    return new PerennialServer(options, cached, listener, clock);
  }

  private PerennialServer(ServerOptions options, int cached, ServerListener outside, Clock clock) {
    this.options = options;
    var watcher = new Watcher(clock, System::nanoTime);
    PendingErrors errors = options.recall() == 0 ? null : new PendingErrors(options.recall());
    var listener = new Listeners(errors == null ? List.of(watcher, outside) : List.of(errors, watcher, outside));
    boolean started = false;
    try {
      Tokens tokens = options.tokens() == null ? Tokens.none() : Tokens.read(options.tokens());
      SSLContext tls = options.certificates() == null || options.key() == null
          ? null
          : TlsFiles.context(options.certificates(), options.key());
      opening(DirectoryLock.take(options.directory()));
      Workers workers = opening(new Workers(options.threads()));
      Encoders encoders = opening(new Encoders(workers, Device.CPU));
      journal = opening(Journal.open(options.directory().resolve("journal.db"),
          new JournalOptions(options.keepTexts(), JournalOptions.DEFAULT.keys()), clock));
      tenants = opening(new Tenants(options.directory(), encoders, new TenantOptions(options.memory(), options.mostModels(),
          options.backbone(), options.options(), 1, options.threads()), journal::last, clock));
      tenants.create(TenantName.DEFAULT);
      var latencies = new Latencies(System::nanoTime);
      var pace = new Pace(options.p99(), latencies);
      writer = new Writer(journal, tenants, pace, new WriterOptions(options.commitEvery(), options.memory()), listener, clock);
      writer.start();
      opening(() -> writer.stop(options.drain()));
      if (tenants.open(TenantName.DEFAULT).learns()) {
        writer.hold(TenantName.DEFAULT);
      }
      begun = journal.last();
      queue = opening(new BatchQueue(new BatchOptions(options.threads(), PASS_TOKENS, WAITING, options.p99())));
      PredictionMemory memory = opening(PredictionMemory.open(
          options.directory().resolve("predictions.db"), options.keepPredictions()));
      // Where answers are corrected, listeners hear what is answered in the end.
      ServerListener inner = errors == null ? listener : new ServerListener() {};
      var uncached = new Asking(tenants, queue, latencies, inner);
      CachedAsking cache = cached == 0 ? null
          : new CachedAsking(tenants, uncached, latencies, inner, cached);
      Predicting models = cache == null ? uncached : cache;
      Recalling recalling = errors == null ? null : new Recalling(tenants, queue, models, errors, listener);
      asking = recalling == null ? models : recalling;
      teaching = new Teaching(journal, writer, tenants, options.limits().backlog(), listener, recalling);
      Watch watch = opening(new Watch(options.limits().streams(), options.limits().body()));
      Meters meters = opening(new Meters(writer, journal, queue, tenants, pace, latencies, watch));
      meters.drifts(watcher);
      if (cache != null) {
        meters.cache(cache);
      }
      if (errors != null && recalling != null) {
        meters.recall(errors, recalling);
      }
      Jobs jobs = opening(new Jobs(clock));
      api = new Api(tokens, options.limits(), new Json(options.limits()), meters,
          names(options.host()));
      addRoutes(memory, watch, jobs, listener);
      var page = new PageCalls(tenants, watcher, latencies, () -> uses(pace, watch, cache, cached), watch);
      addPage(page);
      web = listening(tls);
      opening(web::stop);
      opening(page);
      started = true;
    } finally {
      if (!started) {
        closeAll();
      }
    }
  }

  /** The names by which this machine asks itself, and the one that it listens on. */
  private static Set<String> names(String host) {
    var names = new HashSet<>(Set.of("localhost", "127.0.0.1", "[::1]"));
    names.add(host);
    return names;
  }

  private <T extends AutoCloseable> T opening(T resource) {
    opened.push(resource);
    return resource;
  }

  private void addPage(PageCalls page) {
    api.add("GET", "/", Scope.NONE, page::page);
    api.addPerModel("GET", "/events", Scope.READ, page::events);
    api.addPerModel("GET", "/lineage", Scope.READ, page::lineage);
    api.addPerModel("GET", "/ledger", Scope.READ, page::ledger);
  }

  /** What all models share, and how much of it is used. */
  private List<Messages.Use> uses(Pace pace, Watch watch, @Nullable CachedAsking cache, int cached) {
    Limits limits = options.limits();
    var uses = new ArrayList<>(List.of(
        new Messages.Use("heads in memory", Resource.BYTES.format(tenants.bytes()), Resource.BYTES.format(options.memory()),
            PageCalls.share(tenants.bytes(), options.memory())),
        use("rows that wait to be learned", writer.backlog(), limits.backlog()),
        use("texts that wait to be predicted", queue.waiting(), WAITING),
        use("streams that are open", watch.openCount(), limits.streams()),
        new Messages.Use("time that learning takes", Math.round(100 * pace.share()) + " %",
            options.p99() == 0 ? "all that it needs" : "what " + Math.round(1000 * options.p99()) + " ms leave", 0)));
    if (cache != null) {
      CachedAsking.Stats stats = cache.stats();
      uses.add(use("answers in the cache, " + Math.round(100 * stats.hitRate()) + " % of texts found", stats.entries(), cached));
    }
    return uses;
  }

  private static Messages.Use use(String what, long used, long limit) {
    return new Messages.Use(what, String.format(Locale.ROOT, "%,d", used), String.format(Locale.ROOT, "%,d", limit),
        PageCalls.share(used, limit));
  }

  private void addRoutes(PredictionMemory memory, Watch watch, Jobs jobs, ServerListener listener) {
    var rate = new RateLimit(options.limits().rate(), System::nanoTime);
    var predict = new PredictCalls(asking, memory, rate, watch, listener);
    var learn = new LearnCalls(teaching, memory, rate, watch, jobs);
    var models = new ModelCalls(tenants, writer, journal);
    var bricks = new BrickCalls(tenants, writer, jobs);
    api.addPerModel("POST", "/predict", Scope.READ, predict::predict);
    api.addPerModel("POST", "/learn", Scope.LEARN, learn::learn);
    api.addPerModel("POST", "/feedback", Scope.LEARN, learn::feedback);
    api.addPerModel("GET", "/classes", Scope.READ, models::classes);
    api.addPerModel("GET", "/sources", Scope.ADMIN, learn::sources);
    api.addPerModel("POST", "/removals", Scope.ADMIN, learn::remove);
    api.addPerModel("GET", "/snapshots", Scope.READ, models::snapshots);
    api.addPerModel("POST", "/snapshots", Scope.ADMIN, models::commit);
    api.addPerModel("GET", "/bricks", Scope.READ, bricks::list);
    api.addPerModel("GET", "/bricks/{brick}", Scope.READ, bricks::show);
    api.addPerModel("PUT", "/bricks/{brick}", Scope.ADMIN, bricks::importZip);
    api.addPerModel("GET", "/bricks/{brick}/export", Scope.ADMIN, bricks::exportZip);
    api.addPerModel("POST", "/bricks/{brick}/rollback", Scope.ADMIN, bricks::rollBack);
    api.addPerModel("POST", "/bricks/{brick}/enable", Scope.ADMIN, bricks::enable);
    api.addPerModel("POST", "/merges", Scope.ADMIN, bricks::merge);
    api.add("GET", "/v1/models", Scope.READ, models::list);
    api.addModel("GET", Scope.READ, models::show);
    api.addModel("PUT", Scope.ADMIN, models::make);
    api.addModel("DELETE", Scope.ADMIN, models::delete);
    api.add("GET", "/v1/jobs", Scope.ADMIN, call -> call.answer(200, Map.of("jobs", jobs.list())));
    api.add("GET", "/v1/jobs/{job}", Scope.ADMIN, call -> call.answer(200, jobs.get(call.part("job"))));
    api.addOwn(this::readiness);
  }

  private WebServer listening(@Nullable SSLContext tls) {
    Limits limits = options.limits();
    WebServerConfig.Builder builder = WebServer.builder()
        .host(options.host())
        .port(options.port())
        .shutdownHook(false)
        .shutdownGracePeriod(GRACE)
        .maxTcpConnections(limits.connections())
        .backlog(1024)
        .connectionOptions(socket -> socket.readTimeout(limits.body()).tcpNoDelay(true))
        .idleConnectionTimeout(limits.body())
        .idleConnectionPeriod(limits.body())
        .directHandlers(handlers -> {
          for (DirectHandler.EventType event : DirectHandler.EventType.values()) {
            handlers.addHandler(event, (request, type, status, headers, message) ->
                DirectHandler.TransportResponse.builder().status(status).headers(headers)
                    .header(HeaderNames.CONTENT_TYPE, Problem.MEDIA_TYPE).keepAlive(false)
                    .entity(api.early(status.code(), status.reasonPhrase())).build());
          }
        })
        .routing(api::into);
    if (tls != null) {
      builder.tls(Tls.builder().sslContext(tls).build());
    }
    try {
      return builder.build().start();
    } catch (RuntimeException e) {
      throw new FailureException("cannot listen on " + options.host() + ":" + options.port() + " ("
          + (e.getCause() == null ? e.getMessage() : e.getCause().getMessage())
          + "): stop what has the port, or choose another", e);
    }
  }

  private Messages.Health readiness() {
    String problem = writer.problem();
    if (stopping) {
      return new Messages.Health("stopping", null);
    }
    if (problem != null) {
      return new Messages.Health("not learning", problem);
    }
    if (!writer.awaitVisible(begun, Duration.ZERO)) {
      return new Messages.Health("catching up", null);
    }
    return new Messages.Health("ready", null);
  }

  /** The port that it listens on. */
  public int port() {
    return web.port();
  }

  /** The way in for rows to learn. */
  public Intake intake() {
    return teaching;
  }

  /** What answers predictions. */
  public Predicting predicting() {
    return asking;
  }

  /** Every way into it, as method and path. */
  List<String> ways() {
    return api.routes().stream().map(route -> route.method() + " " + route.path()).toList();
  }

  /**
   * Stops: no new requests, those in progress are answered, what waits is learned for as long as may be, everything is
   * committed.
   */
  @Override
  public void close() {
    stopping = true;
    closeAll();
  }

  /** The newest first, all of them, whatever goes wrong with one. */
  private void closeAll() {
    FailureException failure = null;
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Exception e) {
        if (failure == null) {
          failure = new FailureException("the server did not end in good order: " + e.getMessage(), e);
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
