package dev.perennial.server.source;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.perennial.server.Answer;
import dev.perennial.server.ServerListener;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Predictions on their way to a topic: nobody waits for it. Where brokers take less than is predicted, at most 10,000 wait
 * and the others are counted as dropped. Safe for many threads.
 */
public final class PredictionFeed implements ServerListener, AutoCloseable {

  private static final int MOST = 10_000;
  private static final long PATIENCE_MILLIS = 200;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final PredictionTopic topic;
  private final BlockingQueue<Written> waiting = new ArrayBlockingQueue<>(MOST);
  private final AtomicLong dropped = new AtomicLong();
  private final Thread thread;
  private volatile boolean stopping;

  /** What is written, by the names of its fields. */
  private record Written(
      String id, String model, String text, String label, double score, long snapshot, long through) {}

  /** Begins to write; the topic is closed with this. */
  public PredictionFeed(PredictionTopic topic) {
    this.topic = topic;
    this.thread = Thread.ofPlatform().daemon().name("perennial-predictions").start(this::run);
  }

  @Override
  public void answered(String model, List<String> ids, List<Answer> answers) {
    for (int i = 0; i < answers.size(); i++) {
      Answer answer = answers.get(i);
      Answer.Candidate best = answer.candidates().getFirst();
      if (!waiting.offer(new Written(
          ids.get(i), model, answer.text(), best.label(), best.score(), answer.snapshot(), answer.through()))) {
        dropped.incrementAndGet();
      }
    }
  }

  private void run() {
    try {
      while (!stopping || !waiting.isEmpty()) {
        Written next = waiting.poll(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
        if (next != null) {
          topic.write(next.id, JSON.writeValueAsString(next));
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("predictions are texts and numbers", e);
    }
  }

  /** Predictions that were not written because too many waited. */
  public long dropped() {
    return dropped.get();
  }

  /** Writes what waits, for at most ten seconds and then what the client has for as long. */
  @Override
  public void close() {
    stopping = true;
    try {
      thread.join(Duration.ofSeconds(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    topic.close();
  }
}
