package dev.perennial.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.util.ArrayList;

/**
 * The peer of our LoRA step: the same shapes and operations in PyTorch, in a process of its own.
 *
 * <p>It does a little less than ours: it starts from hidden states and not from tokens, its linear maps have no biases,
 * and it is updated by plain gradient descent.
 *
 * @param python the interpreter
 */
record TorchPeer(String python) {

  private static final String SCRIPT = "lora_step.py";

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
   * @return timings, unless the interpreter has no PyTorch that is fit to compare with
   * @throws UsageException if the interpreter does not start
   * @throws FailureException if the script fails
   */
  Outcome run(int threads, int warmUp, int steps) {
    try (var torch = TorchProcess.start(python, SCRIPT, threads, threads, warmUp, steps)) {
      return switch (torch.onlyAnswer()) {
        case TorchProcess.Unfit(String why) -> new Unfit(why);
        case TorchProcess.Given(JsonNode printed) -> {
          var seconds = new ArrayList<Double>();
          printed.path("seconds").forEach(value -> seconds.add(value.asDouble()));
          if (seconds.isEmpty()) {
            throw torch.unexpected(printed.toString());
          }
          yield new Steps(printed.path("version").asText(), printed.path("blas").asText(), new Timings(seconds));
        }
      };
    }
  }

  /** There is no PyTorch. */
  Unfit absent() {
    return new Unfit(TorchProcess.absent(python).why());
  }
}
