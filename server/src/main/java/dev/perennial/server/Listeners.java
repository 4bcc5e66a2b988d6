package dev.perennial.server;

import dev.perennial.server.drift.Signal;
import java.util.List;

/**
 * Several listeners as one.
 *
 * @param all of them, in the order in which they are told
 */
public record Listeners(List<ServerListener> all) implements ServerListener {

  /** Copies the list. */
  public Listeners {
    all = List.copyOf(all);
  }

  @Override
  public void published(String model, long snapshot, long through) {
    all.forEach(one -> one.published(model, snapshot, through));
  }

  @Override
  public void learning(String model, Intake.Row row, float[] embedding, String predicted) {
    all.forEach(one -> one.learning(model, row, embedding, predicted));
  }

  @Override
  public void predicted(String model, List<Answer> answers) {
    all.forEach(one -> one.predicted(model, answers));
  }

  @Override
  public void answered(String model, List<String> ids, List<Answer> answers) {
    all.forEach(one -> one.answered(model, ids, answers));
  }

  @Override
  public void acknowledged(String model, long last) {
    all.forEach(one -> one.acknowledged(model, last));
  }

  @Override
  public void watched(String model, List<Signal> signals) {
    all.forEach(one -> one.watched(model, signals));
  }

  @Override
  public void removed(String model, String source, int rows) {
    all.forEach(one -> one.removed(model, source, rows));
  }

  @Override
  public void committed(String model, long commit, long through) {
    all.forEach(one -> one.committed(model, commit, through));
  }
}
