package dev.perennial.server.tenant;

import dev.perennial.server.Intake;
import dev.perennial.server.Refused;
import dev.perennial.server.ServerListener;
import dev.perennial.server.journal.Journal;
import dev.perennial.server.journal.Taught;
import dev.perennial.server.model.Writer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Lessons on their way into the journal, and from there to the writer. */
public final class Teaching implements Intake {

  private final Journal journal;
  private final Writer writer;
  private final Tenants tenants;
  private final long mostWaiting;
  private final ServerListener listener;
  private final @Nullable Recalling recalling;

  /**
   * A way in that nobody hears of.
   *
   * @param mostWaiting rows that may wait to be learned
   */
  public Teaching(Journal journal, Writer writer, Tenants tenants, long mostWaiting) {
    this(journal, writer, tenants, mostWaiting, new ServerListener() {}, null);
  }

  /**
   * A way in, and who hears of what is durable.
   *
   * @param recalling what corrects predictions until rows are learned; null for nothing
   */
  public Teaching(Journal journal, Writer writer, Tenants tenants, long mostWaiting, ServerListener listener,
      @Nullable Recalling recalling) {
    this.listener = listener;
    this.recalling = recalling;
    this.journal = journal;
    this.writer = writer;
    this.tenants = tenants;
    this.mostWaiting = mostWaiting;
  }

  @Override
  public Receipt learn(Lesson lesson) {
    writer.requireRunning(lesson.model());
    tenants.open(lesson.model()).requireLearns();
    long waiting = writer.backlog();
    if (waiting + lesson.rows().size() > mostWaiting) {
      throw new Refused(Refused.Reason.UNAVAILABLE, "expected at most " + mostWaiting + " rows to wait to be learned, and "
          + waiting + " do: send them again in a moment");
    }
    Receipt receipt = journal.add(lesson);
    listener.acknowledged(lesson.model(), receipt.last());
    if (recalling != null && !receipt.repeated()) {
      recalling.taught(lesson.model(), lesson.rows(), receipt.first());
    }
    return receipt;
  }

  @Override
  public Optional<String> offset(String stream) {
    return journal.offset(stream);
  }

  /**
   * Who taught a model what.
   *
   * @throws dev.perennial.server.Refused if nobody did, and there is no such model
   */
  public List<Taught> sources(String model) {
    List<Taught> sources = journal.sources(model);
    if (sources.isEmpty()) {
      tenants.open(model);
    }
    return sources;
  }

  /** Takes back what a source has taught a model so far; on return that is durable. */
  public Receipt remove(String model, String source) {
    writer.requireRunning(model);
    tenants.open(model).requireLearns();
    return journal.remove(model, source);
  }

  /**
   * Makes sure that what is durable is learned soon.
   *
   * @throws dev.perennial.server.Refused if learning has failed, or ended
   */
  public void requireRunning(String model) {
    writer.requireRunning(model);
  }

  /** Waits until predictions have seen a row. */
  public boolean awaitVisible(Receipt receipt, Duration most) {
    return writer.awaitVisible(receipt.last(), most);
  }
}
