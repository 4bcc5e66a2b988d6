package dev.perennial.server.tenant;

import dev.perennial.server.Answer;
import dev.perennial.server.Predicting;
import dev.perennial.server.Refused;
import dev.perennial.server.ServerListener;
import dev.perennial.server.batch.BatchQueue;
import dev.perennial.server.model.Latencies;
import dev.perennial.server.model.ServedModel;
import java.util.List;

/** Predictions of whichever model is asked, and how long they take. */
public final class Asking implements Predicting {

  private final Tenants tenants;
  private final BatchQueue queue;
  private final Latencies latencies;
  private final ServerListener listener;

  /** Models, what computes them, and who hears of it. */
  public Asking(Tenants tenants, BatchQueue queue, Latencies latencies, ServerListener listener) {
    this.tenants = tenants;
    this.queue = queue;
    this.latencies = latencies;
    this.listener = listener;
  }

  @Override
  public List<Answer> predict(String model, List<String> texts, int top) {
    long began = System.nanoTime();
    ServedModel asked = tenants.open(model);
    List<Answer> answers = asked.encoder().isPresent() ? queue.predict(asked, texts, top) : asked.predictAlone(texts, top);
    if (answers.getFirst().candidates().isEmpty()) {
      throw new Refused(Refused.Reason.CONFLICT, "expected a model that has learned something, got " + model
          + ", which knows no class yet: teach it first");
    }
    latencies.add(System.nanoTime() - began);
    listener.predicted(model, answers);
    return answers;
  }
}
