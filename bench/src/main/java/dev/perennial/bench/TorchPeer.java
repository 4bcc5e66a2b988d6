package dev.perennial.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * The peer of our LoRA step: the same shapes and operations in PyTorch, in a process of its own.
 *
 * <p>It does a little less than ours: it starts from hidden states and not from tokens, its linear maps have no biases,
 * and it is updated by plain gradient descent. OpenBLAS is kept to one thread within an operation, as PyTorch's own
 * threads would else compete with it and make it look slow.
 *
 * @param python the interpreter
 */
record TorchPeer(String python) {

  /** Where Debian's package python3-torch puts PyTorch. */
  static final String DEFAULT_PYTHON = "/usr/bin/python3";

  private static final String SCRIPT = "lora_step.py";
  private static final int NO_TORCH = 3;
  private static final int REFERENCE_BLAS = 4;
  private static final ObjectMapper JSON = new ObjectMapper();

  /** What came of running it. */
  sealed interface Outcome {}

  /**
   * What it measured.
   *
   * @param version of PyTorch
   * @param blas that it computes with
   * @param timings of every step
   */
  record Steps(String version, String blas, Timings timings) implements Outcome {}

  /**
   * There is nothing fair to compare with.
   *
   * @param why one line, and what to do
   */
  record Unfit(String why) implements Outcome {}

  /**
   * Runs it to its end.
   *
   * @return timings, unless the interpreter has no PyTorch, or one that computes with the reference BLAS: that is some
   *     twenty times slower than PyTorch is, and a ratio to it would say nothing
   * @throws UsageException if the interpreter does not start
   * @throws FailureException if the script fails
   */
  Outcome run(int threads, int warmUp, int steps) {
    var builder = new ProcessBuilder(
        python, "-", Integer.toString(threads), Integer.toString(warmUp), Integer.toString(steps));
    builder.environment().put("OPENBLAS_NUM_THREADS", "1");
    builder.environment().put("OMP_NUM_THREADS", Integer.toString(threads));
    builder.environment().put("MKL_NUM_THREADS", Integer.toString(threads));
    builder.redirectErrorStream(true);
    Process process = started(builder);
    try {
      try (var in = process.getOutputStream()) {
        in.write(script());
      }
      List<String> lines = new String(process.getInputStream().readAllBytes(), UTF_8).lines().toList();
      int exitCode = process.waitFor();
      return switch (exitCode) {
        case NO_TORCH -> absent();
        case REFERENCE_BLAS -> new Unfit("the PyTorch of " + python + " computes with the reference BLAS, far slower than"
            + " PyTorch is, so there is no ratio: install Debian's package libopenblas0-pthread, or name another with"
            + " --peer");
        default -> steps(exitCode, lines);
      };
    } catch (IOException e) {
      throw new FailureException("the PyTorch script could not be run by " + python + ": " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FailureException("interrupted while PyTorch was measured", e);
    } finally {
      process.destroy();
    }
  }

  /** There is no PyTorch. */
  Unfit absent() {
    return new Unfit("no PyTorch in " + python + ", so there is no ratio: install Debian's packages python3-torch and"
        + " libopenblas0-pthread, or name a Python that has it with --peer");
  }

  private Process started(ProcessBuilder builder) {
    try {
      return builder.start();
    } catch (IOException e) {
      throw new UsageException("expected a Python interpreter for --peer, got " + python
          + ", which does not start: name one that has PyTorch, such as " + DEFAULT_PYTHON, e);
    }
  }

  private static byte[] script() throws IOException {
    try (InputStream script = TorchPeer.class.getResourceAsStream(SCRIPT)) {
      if (script == null) {
        throw new IllegalStateException(SCRIPT + " is part of this module");
      }
      return script.readAllBytes();
    }
  }

  private Steps steps(int exitCode, List<String> lines) {
    String last = lines.isEmpty() ? "nothing" : lines.getLast();
    if (exitCode != 0 || !last.startsWith("{")) {
      throw failed("exit code " + exitCode + ", last line: " + last);
    }
    try {
      JsonNode printed = JSON.readTree(last);
      var seconds = new ArrayList<Double>();
      printed.path("seconds").forEach(value -> seconds.add(value.asDouble()));
      if (seconds.isEmpty()) {
        throw failed(last);
      }
      return new Steps(printed.path("version").asText(), printed.path("blas").asText(), new Timings(seconds));
    } catch (JsonProcessingException e) {
      throw failed(last);
    }
  }

  private FailureException failed(String found) {
    return new FailureException("expected timings from the PyTorch script run by " + python + ", got " + found
        + ": repair that PyTorch, or name another with --peer");
  }
}
