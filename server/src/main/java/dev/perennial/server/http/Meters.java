package dev.perennial.server.http;

import dev.perennial.server.batch.BatchQueue;
import dev.perennial.server.journal.Journal;
import dev.perennial.server.model.Latencies;
import dev.perennial.server.model.Pace;
import dev.perennial.server.model.Progress;
import dev.perennial.server.model.Writer;
import dev.perennial.server.page.Watcher;
import dev.perennial.server.tenant.CachedAsking;
import dev.perennial.server.tenant.PendingErrors;
import dev.perennial.server.tenant.Recalling;
import dev.perennial.server.tenant.TenantName;
import dev.perennial.server.tenant.Tenants;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** What a server does, in numbers, as Prometheus reads them. */
final class Meters implements AutoCloseable {

  private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

  Meters(Writer writer, Journal journal, BatchQueue queue, Tenants tenants, Pace pace, Latencies latencies, Watch watch) {
    Progress progress = writer.progress();
    counter("perennial.rows.learned", "Rows learned", progress, Progress::learned);
    counter("perennial.rows.foreseen", "Rows whose class was predicted before they were learned", progress,
        Progress::foreseen);
    counter("perennial.rows.skipped", "Rows of models that were deleted", progress, Progress::skipped);
    counter("perennial.snapshots.published", "Snapshots published", progress, Progress::published);
    counter("perennial.publish.seconds", "Seconds spent in solving for snapshots", progress, Progress::publishSeconds);
    counter("perennial.commit.seconds", "Seconds spent in commits", progress, Progress::commitSeconds);
    counter("perennial.commit.failures", "Commits that failed, and were tried again later", progress,
        Progress::commitFailures);
    counter("perennial.journal.syncs", "Transactions of the journal, each one sync", journal, Journal::syncs);
    gauge("perennial.journal.last", "The last line of the journal", journal, Journal::last);
    gauge("perennial.rows.waiting", "Rows that are durable and not learned yet", writer, Writer::backlog);
    counter("perennial.predict.passes", "Passes of predictions", queue, BatchQueue::passes);
    counter("perennial.predict.rows", "Texts that went through passes", queue, BatchQueue::rows);
    counter("perennial.predict.tokens", "Tokens that went through passes, with padding", queue, BatchQueue::tokens);
    gauge("perennial.predict.waiting", "Texts that wait for a pass", queue, BatchQueue::waiting);
    gauge("perennial.predict.p99.seconds", "The 99th percentile of the last five seconds", latencies, Latencies::p99);
    gauge("perennial.learning.share", "The share of its time that learning takes, 1 where it does not hold back", pace,
        Pace::share);
    gauge("perennial.models.loaded", "Models in memory", tenants, Tenants::loadedCount);
    gauge("perennial.models.bytes", "Bytes of their heads", tenants, Tenants::bytes);
    counter("perennial.models.loads", "Models read from their stores", tenants, Tenants::loads);
    counter("perennial.models.evictions", "Models given up for others", tenants, Tenants::evictions);
    gauge("perennial.streams.open", "Streams that are open", watch, Watch::openCount);
  }

  /** What a cache is worth. */
  void cache(CachedAsking cache) {
    counter("perennial.cache.texts", "Texts that were looked up", cache, one -> one.stats().texts());
    counter("perennial.cache.hits", "Texts whose answer was there", cache, one -> one.stats().hits());
    counter("perennial.cache.outdated", "Answers found to be of an older snapshot", cache, one -> one.stats().outdated());
    gauge("perennial.cache.entries", "Answers that are kept", cache, one -> one.stats().entries());
  }

  /** What an error memory does. */
  void recall(PendingErrors errors, Recalling recalling) {
    gauge("perennial.recall.errors", "Taught rows whose errors are kept until they are learned", errors, PendingErrors::size);
    counter("perennial.recall.changed", "Texts whose label was changed by them", recalling, Recalling::recalled);
    counter("perennial.recall.skipped", "Taught rows that were not looked at, since too much waited", recalling,
        Recalling::skipped);
  }

  /** What detectors say of the default model's stream. */
  void drifts(Watcher watcher) {
    for (String detector : List.of("adwin", "page-hinkley", "embedding-distance")) {
      FunctionCounter.builder("perennial.drifts", watcher, one -> one.drifts(TenantName.DEFAULT, detector))
          .description("Drifts of the default model's stream").tag("detector", detector).register(registry);
      Gauge.builder("perennial.drift.score", watcher, one -> one.score(TenantName.DEFAULT, detector))
          .description("What was measured, as a share of a drift's threshold").tag("detector", detector).register(registry);
    }
  }

  private <T> void counter(String name, String what, T of, ToDoubleFunction<T> value) {
    FunctionCounter.builder(name, of, value).description(what).register(registry);
  }

  private <T> void gauge(String name, String what, T of, ToDoubleFunction<T> value) {
    Gauge.builder(name, of, value).description(what).register(registry);
  }

  /** A request was answered. */
  void request(String route, int status, long nanos) {
    Timer.builder("perennial.requests").description("Requests by route and status").tag("route", route)
        .tag("status", Integer.toString(status))
        .serviceLevelObjectives(Duration.ofMillis(10), Duration.ofMillis(30), Duration.ofMillis(60), Duration.ofMillis(100),
            Duration.ofMillis(250), Duration.ofSeconds(1), Duration.ofSeconds(10))
        .register(registry).record(Duration.ofNanos(nanos));
  }

  /** All of them, as text. */
  String scrape() {
    return registry.scrape();
  }

  @Override
  public void close() {
    registry.close();
  }
}
