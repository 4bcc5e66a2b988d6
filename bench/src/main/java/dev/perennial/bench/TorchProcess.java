package dev.perennial.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.util.ArrayList;
import java.util.List;

/**
 * A script of this module in a Python that has PyTorch: a process of its own, which answers in lines of JSON.
 *
 * <p>OpenBLAS is kept to one thread within an operation, as PyTorch's own threads would else compete with it and make
 * it look slow.
 */
final class TorchProcess implements AutoCloseable {

  /** Where Debian's package python3-torch puts PyTorch. */
  static final String DEFAULT_PYTHON = "/usr/bin/python3";

  /** Runs before every script: imports PyTorch, or ends with one of the exit codes below. */
  private static final String BEGINNING = "torch_and_blas.py";

  private static final int NO_TORCH = 3;
  private static final int REFERENCE_BLAS = 4;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String python;
  private final Process process;
  private final BufferedReader out;
  private final Writer in;

  private TorchProcess(String python, Process process) {
    this.python = python;
    this.process = process;
    out = process.inputReader(UTF_8);
    in = process.outputWriter(UTF_8);
  }

  /** What came of asking it. */
  sealed interface Answer {}

  /** A line of JSON. */
  record Given(JsonNode json) implements Answer {}

  /**
   * There is nothing fair to compare with.
   *
   * @param why one line, and what to do
   */
  record Unfit(String why) implements Answer {}

  /**
   * Starts a script.
   *
   * @param python the interpreter
   * @param script the name of a resource of this package
   * @param threads that PyTorch may compute with, for libraries that want to know it when they are loaded
   * @param arguments of the script
   * @throws UsageException if the interpreter does not start
   */
  static TorchProcess start(String python, String script, int threads, Object... arguments) {
    var command = new ArrayList<>(List.of(python, "-c", text(BEGINNING) + text(script)));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("OPENBLAS_NUM_THREADS", "1");
    builder.environment().put("OMP_NUM_THREADS", Integer.toString(threads));
    builder.environment().put("MKL_NUM_THREADS", Integer.toString(threads));
    try {
      return new TorchProcess(python, builder.start());
    } catch (IOException e) {
      throw new UsageException("expected a Python interpreter for --peer, got " + python
          + ", which does not start: name one that has PyTorch, such as " + DEFAULT_PYTHON, e);
    }
  }

  private static String text(String resource) {
    try (InputStream script = TorchProcess.class.getResourceAsStream(resource)) {
      if (script == null) {
        throw new IllegalStateException(resource + " is part of this module");
      }
      return new String(script.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new FailureException("could not read " + resource + " of this module: " + e.getMessage(), e);
    }
  }

  /**
   * Tells it a line, and waits for its answer.
   *
   * @throws FailureException if it ends without one
   */
  Answer answer(String told) {
    try {
      in.write(told + "\n");
      in.flush();
    } catch (IOException e) {
      throw new FailureException("the PyTorch script run by " + python + " takes no more work (" + e.getMessage()
          + "): look whether memory ran out, and run the same again", e);
    }
    return answer();
  }

  /**
   * Waits for its only answer, having told it nothing.
   *
   * @throws FailureException if it ends without one
   */
  Answer onlyAnswer() {
    try {
      in.close();
    } catch (IOException e) {
      throw new FailureException("the PyTorch script could not be run by " + python + ": " + e.getMessage(), e);
    }
    return answer();
  }

  /**
   * Waits for its next line of JSON; other lines, such as warnings, are passed over.
   *
   * @return the line, unless the interpreter has no PyTorch, or one that computes with the reference BLAS: that is some
   *     twenty times slower than PyTorch is, and a ratio to it would say nothing
   * @throws FailureException if it ends without one
   */
  Answer answer() {
    String last = "nothing";
    try {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        if (line.startsWith("{")) {
          return new Given(JSON.readTree(line));
        }
        last = line;
      }
      int exitCode = process.waitFor();
      return switch (exitCode) {
        case NO_TORCH -> absent(python);
        case REFERENCE_BLAS -> new Unfit("the PyTorch of " + python + " computes with the reference BLAS, far slower than"
            + " PyTorch is, so there is no ratio: install Debian's package libopenblas0-pthread, or name another with"
            + " --peer");
        default -> throw unexpected("exit code " + exitCode + ", last line: " + last);
      };
    } catch (JsonProcessingException e) {
      throw unexpected(e.getOriginalMessage());
    } catch (IOException e) {
      throw new FailureException("the PyTorch script could not be run by " + python + ": " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FailureException("interrupted while PyTorch was measured", e);
    }
  }

  /** There is no PyTorch. */
  static Unfit absent(String python) {
    return new Unfit("no PyTorch in " + python + ", so there is no ratio: install Debian's packages python3-torch and"
        + " libopenblas0-pthread, or name a Python that has it with --peer");
  }

  /** It gave something else than timings. */
  FailureException unexpected(String found) {
    return new FailureException("expected timings from the PyTorch script run by " + python + ", got " + found
        + ": repair that PyTorch, or name another with --peer");
  }

  /** Ends it. */
  @Override
  public void close() {
    process.destroy();
  }
}
