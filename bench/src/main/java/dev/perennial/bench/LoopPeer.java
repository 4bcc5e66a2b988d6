package dev.perennial.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A plain hand-written PyTorch loop, in a process that holds the data and waits to be told what to learn.
 *
 * <p>It is what PyTorch's users write: a reservoir that takes rows one by one, the batch and the memory's rows in one
 * forward pass for replay, three forward passes and one backward pass for DER++, and PyTorch's own gradient descent.
 */
final class LoopPeer implements AutoCloseable {

  private static final String SCRIPT = "image_loop.py";

  private final TorchProcess process;
  private final LoopFigures.Torch torch;

  private LoopPeer(TorchProcess process, LoopFigures.Torch torch) {
    this.process = process;
    this.torch = torch;
  }

  /**
   * Starts it, and waits until it has read the data.
   *
   * @param asked the interpreter; null for Debian's, which need not be there
   * @param memory rows that its reservoir keeps
   * @param err where one line says why there is nothing to compare with
   * @return empty where the interpreter has no PyTorch that is fit to compare with
   * @throws dev.perennial.UsageException if the interpreter that was asked for does not start
   * @throws dev.perennial.FailureException if the script fails
   */
  static Optional<LoopPeer> start(@Nullable String asked, Path directory, int threads, int memory, PrintWriter err) {
    String python = asked == null ? TorchProcess.DEFAULT_PYTHON : asked;
    if (asked == null && !Files.isExecutable(Path.of(python))) {
      err.println("loop: " + TorchProcess.absent(python).why());
      return Optional.empty();
    }
    var process = TorchProcess.start(python, SCRIPT, threads, directory, threads, memory);
    try {
      return switch (process.answer()) {
        case TorchProcess.Given(JsonNode ready) -> Optional.of(new LoopPeer(process,
            new LoopFigures.Torch(ready.path("version").asText(), ready.path("blas").asText(), python)));
        case TorchProcess.Unfit(String why) -> {
          err.println("loop: " + why);
          process.close();
          yield Optional.empty();
        }
      };
    } catch (RuntimeException e) {
      process.close();
      throw e;
    }
  }

  /** What it computes with. */
  LoopFigures.Torch torch() {
    return torch;
  }

  /**
   * Learns the stream once, with a new network.
   *
   * @throws dev.perennial.FailureException if the script fails
   */
  LoopRun run(LoopTechnique technique, long seed) {
    return switch (process.answer(technique.id() + " " + seed)) {
      case TorchProcess.Given(JsonNode run) when run.path("seconds").asDouble() > 0 -> new LoopRun(
          run.path("seconds").asDouble(), run.path("examples").asLong(), run.path("accuracy").asDouble());
      case TorchProcess.Given(JsonNode other) -> throw process.unexpected(other.toString());
      case TorchProcess.Unfit(String why) -> throw process.unexpected(why);
    };
  }

  @Override
  public void close() {
    process.close();
  }
}
