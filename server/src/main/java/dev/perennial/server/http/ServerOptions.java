package dev.perennial.server.http;

import dev.perennial.UsageException;
import dev.perennial.server.safety.Limits;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How a server is started.
 *
 * @param directory of the store, which is made where it is not there
 * @param host that it listens on; default 127.0.0.1. Others than the loopback need tokens
 * @param port that it listens on; 0 for any that is free; default 8080
 * @param threads that predict; default the processors
 * @param p99 seconds that 99 of 100 predictions should take at most, for which learning holds back; 0 for none
 * @param memory bytes of loaded models' heads, and again of models that are being learned; default 512 MiB
 * @param mostModels beside the default one; default 10,000
 * @param backbone of new models; default minilm
 * @param options of g-acil for new models; default features=1024, which is solved for in about 20 ms
 * @param tokens a file of bearer tokens; null for none
 * @param certificates a PEM file; null for no TLS
 * @param key of the certificate, a PEM file; null for no TLS
 * @param limits on what is asked for
 * @param commitEvery how long rows may be in the journal alone; default 30 s
 * @param keepTexts characters of learned texts that are kept, so that they can be removed again; default 256 Mi
 * @param keepPredictions predictions whose labels can follow; default 1,000,000
 * @param drain how long a stop may take before rows that wait are left to the next process; default 20 s
 * @param recall rows of a model whose errors are kept until it has learned them, 0 to 10,000; default 0, for no memory
 */
public record ServerOptions(Path directory, String host, int port, int threads, double p99, long memory, int mostModels,
    String backbone, SortedMap<String, String> options, @Nullable Path tokens, @Nullable Path certificates,
    @Nullable Path key, Limits limits, Duration commitEvery, long keepTexts, long keepPredictions, Duration drain,
    int recall) {

  /** Checks what goes together. */
  public ServerOptions {
    options = Collections.unmodifiableSortedMap(new TreeMap<>((Map<String, String>) options));
    if (port < 0 || port > 65535) {
      throw new UsageException("expected a port between 0 and 65535, got " + port);
    }
    if ((certificates == null) != (key == null)) {
      throw new UsageException("expected both a certificate and its key, or none, got one: name both");
    }
    if (!(p99 >= 0) || Double.isInfinite(p99)) {
      throw new UsageException("expected a latency of 0 or more for p99, got " + p99);
    }
    if (recall < 0 || recall > 10_000) {
      throw new UsageException("expected 0 to 10000 rows for the error memory, got " + recall);
    }
    if (tokens == null && !isLoopback(host)) {
      throw new UsageException("expected tokens for a server that listens on " + host + ", where others can reach it, got"
          + " none: name a file of tokens, or listen on 127.0.0.1");
    }
  }

  /** The defaults, over a store. */
  public static ServerOptions of(Path directory) {
    return new ServerOptions(directory, "127.0.0.1", 8080, Runtime.getRuntime().availableProcessors(), 0, 512L << 20,
        10_000, "minilm", new TreeMap<>(Map.of("features", "1024")), null, null, null, Limits.DEFAULT,
        Duration.ofSeconds(30), 256L << 20, 1_000_000, Duration.ofSeconds(20), 0);
  }

  /** The same on another address. */
  public ServerOptions at(String otherHost, int otherPort) {
    return new ServerOptions(directory, otherHost, otherPort, threads, p99, memory, mostModels, backbone, options, tokens,
        certificates, key, limits, commitEvery, keepTexts, keepPredictions, drain, recall);
  }

  /** The same with other new models. */
  public ServerOptions withModels(String otherBackbone, SortedMap<String, String> otherOptions) {
    return new ServerOptions(directory, host, port, threads, p99, memory, mostModels, otherBackbone, otherOptions, tokens,
        certificates, key, limits, commitEvery, keepTexts, keepPredictions, drain, recall);
  }

  /** The same with tokens. */
  public ServerOptions withTokens(@Nullable Path file) {
    return new ServerOptions(directory, host, port, threads, p99, memory, mostModels, backbone, options, file,
        certificates, key, limits, commitEvery, keepTexts, keepPredictions, drain, recall);
  }

  /** The same with TLS. */
  public ServerOptions withTls(@Nullable Path certificate, @Nullable Path privateKey) {
    return new ServerOptions(directory, host, port, threads, p99, memory, mostModels, backbone, options, tokens,
        certificate, privateKey, limits, commitEvery, keepTexts, keepPredictions, drain, recall);
  }

  /** The same within other limits. */
  public ServerOptions withLimits(Limits others) {
    return new ServerOptions(directory, host, port, threads, p99, memory, mostModels, backbone, options, tokens,
        certificates, key, others, commitEvery, keepTexts, keepPredictions, drain, recall);
  }

  /** The same with an error memory of so many rows; 0 for none. */
  public ServerOptions withRecall(int rows) {
    return new ServerOptions(directory, host, port, threads, p99, memory, mostModels, backbone, options, tokens,
        certificates, key, limits, commitEvery, keepTexts, keepPredictions, drain, rows);
  }

  /** Whether nobody but this machine reaches an address. */
  static boolean isLoopback(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      throw new UsageException("expected a host to listen on, got " + host + ", which is none that is known here", e);
    }
  }
}
