package dev.perennial.server.batch;

import dev.perennial.FailureException;
import dev.perennial.backbone.Row;
import dev.perennial.server.Answer;
import dev.perennial.server.Refused;
import dev.perennial.server.model.Encoder;
import dev.perennial.server.model.HeadSnapshot;
import dev.perennial.server.model.Scoring;
import dev.perennial.server.model.ServedModel;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Predictions of requests that arrive together, in shared passes.
 *
 * <p>A thread that is free takes its share of what waits at that moment, from all models in turn, sorts it by length and
 * computes it in one pass. Nobody waits for a pass to fill: while one is computed, the next one gathers. A pass takes no
 * more tokens than make it efficient, and under a latency target no more than fit into half of it, at the speed that was
 * measured.
 *
 * <p>Safe for use by many threads.
 */
public final class BatchQueue implements AutoCloseable {

  /** Tokens that padding may add to the attention of a pass, as a share of those that count; the rest is not padded. */
  private static final double PADDING = 2;

  /** How much a new measurement of the speed counts. */
  private static final double NEWEST = 0.2;

  private final BatchOptions options;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition arrived = lock.newCondition();
  private final Lanes lanes;
  private final ExecutorService threads;
  private final AtomicLong passes = new AtomicLong();
  private final AtomicLong rows = new AtomicLong();
  private final AtomicLong tokens = new AtomicLong();
  private volatile double secondsPerToken;
  private boolean closed;

  /** Starts the threads that compute. */
  public BatchQueue(BatchOptions options) {
    this.options = options;
    this.lanes = new Lanes(options.mostWaiting());
    this.threads = Executors.newFixedThreadPool(
        options.threads(), Thread.ofPlatform().daemon().name("perennial-predict-", 0).factory());
    for (int i = 0; i < options.threads(); i++) {
      threads.execute(this::run);
    }
  }

  /**
   * Predicts texts; returns when all are done.
   *
   * @param model that shares passes
   * @param texts at least one
   * @param top how many classes to name for each, at least 1
   * @throws Refused if too much waits, or the queue is closed
   */
  public List<Answer> predict(ServedModel model, List<String> texts, int top) {
    Encoder encoder = model.encoder().orElseThrow();
    List<Row> prepared = encoder.prepare(texts);
    var group = new Group(texts.size());
    var tickets = new ArrayList<Ticket>(texts.size());
    for (int i = 0; i < texts.size(); i++) {
      tickets.add(new Ticket(model, encoder, texts.get(i), prepared.get(i), top, group));
    }
    lock.lock();
    try {
      if (closed) {
        throw new Refused(Refused.Reason.UNAVAILABLE, "the server is stopping: ask the next one");
      }
      lanes.add(tickets);
      arrived.signalAll();
    } finally {
      lock.unlock();
    }
    try {
      group.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FailureException("interrupted while waiting for predictions", e);
    }
    return tickets.stream().map(Ticket::answer).toList();
  }

  private void run() {
    while (true) {
      List<Ticket> batch;
      lock.lock();
      try {
        while (lanes.size() == 0 && !closed) {
          arrived.awaitUninterruptibly();
        }
        if (lanes.size() == 0) {
          return;
        }
        int share = Math.ceilDiv(lanes.size(), options.threads());
        batch = lanes.take(share, mostTokens());
      } finally {
        lock.unlock();
      }
      compute(batch);
    }
  }

  /** No more than are computed within half the target, at the speed of before. */
  private long mostTokens() {
    double seconds = secondsPerToken;
    return options.target() == 0 || seconds == 0
        ? options.mostTokens()
        : (long) Math.min(options.mostTokens(), options.target() / 2 / seconds);
  }

  private void compute(List<Ticket> batch) {
    batch.sort(Comparator.comparingInt(ticket -> ticket.row.length()));
    int start = 0;
    while (start < batch.size()) {
      int end = passEnd(batch, start);
      List<Ticket> pass = batch.subList(start, end);
      try (TensorScope scope = TensorScope.inference()) {
        pass(pass);
      } catch (RuntimeException e) {
        pass.forEach(ticket -> ticket.fail(e));
      }
      start = end;
    }
  }

  /** Where a pass ends whose attention would otherwise be padding in too large a part. */
  private static int passEnd(List<Ticket> batch, int start) {
    int end = start + 1;
    long sum = batch.get(start).row.length();
    while (end < batch.size()) {
      int length = batch.get(end).row.length();
      if ((double) length * (end + 1 - start) > (sum + length) * (1 + PADDING)) {
        break;
      }
      sum += length;
      end++;
    }
    return end;
  }

  private void pass(List<Ticket> pass) {
    long began = System.nanoTime();
    Encoder.Encoded encoded = pass.getFirst().encoder.encode(pass.stream().map(ticket -> ticket.row).toList());
    var byModel = new LinkedHashMap<ServedModel, List<Integer>>();
    for (int i = 0; i < pass.size(); i++) {
      byModel.computeIfAbsent(pass.get(i).model, model -> new ArrayList<>()).add(i);
    }
    for (Map.Entry<ServedModel, List<Integer>> entry : byModel.entrySet()) {
      answer(pass, entry.getKey().snapshot(), entry.getValue(), encoded);
    }
    measured(pass, System.nanoTime() - began);
  }

  private static void answer(List<Ticket> pass, HeadSnapshot snapshot, List<Integer> places, Encoder.Encoded encoded) {
    long[] indices = places.stream().mapToLong(Integer::longValue).toArray();
    float[] scores = Scoring.scores(
        indices.length == pass.size() ? encoded.features() : Tensors.rows(encoded.features(), indices), snapshot);
    for (int row = 0; row < indices.length; row++) {
      int place = places.get(row);
      Ticket ticket = pass.get(place);
      List<Answer.Candidate> candidates = snapshot.classes().isEmpty()
          ? List.of()
          : Scoring.top(scores, row, snapshot.classes(), ticket.top);
      ticket.answer(new Answer(
          ticket.text, candidates, snapshot.number(), snapshot.through(), encoded.embedding(place, pass.size())));
    }
  }

  private void measured(List<Ticket> pass, long nanos) {
    long length = pass.stream().mapToLong(ticket -> ticket.row.length()).sum();
    double seconds = nanos / 1e9 / length;
    double before = secondsPerToken;
    secondsPerToken = before == 0 ? seconds : before + NEWEST * (seconds - before);
    passes.incrementAndGet();
    rows.addAndGet(pass.size());
    tokens.addAndGet(length);
  }

  /** Passes so far. */
  public long passes() {
    return passes.get();
  }

  /** Texts that went through them. */
  public long rows() {
    return rows.get();
  }

  /** Tokens that went through them. */
  public long tokens() {
    return tokens.get();
  }

  /** Texts that wait now. */
  public int waiting() {
    lock.lock();
    try {
      return lanes.size();
    } finally {
      lock.unlock();
    }
  }

  /** Answers what waits, and ends. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      arrived.signalAll();
    } finally {
      lock.unlock();
    }
    threads.close();
  }
}
