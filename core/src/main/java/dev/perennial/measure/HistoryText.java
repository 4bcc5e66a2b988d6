package dev.perennial.measure;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import dev.perennial.FailureException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;

/*
 * An evaluation after T experiences has T cells, and a history T (T + 1) / 2. Most are as they were in the evaluation before, so
 * a line for each evaluation, which is never written anew, tells those classes that are not:
 *
 *   changes 1
 *   base64(deflate({"after":0,"cells":[...]}))
 *   ...
 */
/**
 * A history as a run's commits keep it, which is told of one evaluation after another. An evaluation costs what has changed with
 * it, however many there were.
 */
public final class HistoryText {

  private static final String HEAD = "changes 1";

  /** More in one line than any stream of experiences makes. */
  private static final int MOST = 1 << 28;

  private final StringBuilder text = new StringBuilder(HEAD);
  private @Nullable Evaluation last;

  /** What is not as it was in the evaluation before. */
  @JsonPropertyOrder({"after", "cells"})
  private record Changes(int after, List<Cell> cells) {}

  /** The text of a history. O(cells). */
  public HistoryText(AccuracyHistory history) {
    history.evaluations().forEach(this::add);
  }

  /** Takes in the next evaluation. */
  public void add(Evaluation next) {
    Evaluation before = last;
    var cells = new ArrayList<Cell>();
    for (Cell cell : next.cells()) {
      SortedMap<String, ClassCount> changed = new TreeMap<>(cell.byClass());
      if (before != null && cell.experience() < before.cells().size()) {
        before.cells().get(cell.experience()).byClass().forEach(changed::remove);
      }
      if (!changed.isEmpty()) {
        cells.add(new Cell(cell.experience(), changed));
      }
    }
    text.append('\n').append(pack(Json.line(new Changes(next.after(), cells))));
    last = next;
  }

  /** All of it. */
  public String text() {
    return text.toString();
  }

  /**
   * Reads what {@link #text} gave, or what stores of earlier versions hold, {@link AccuracyHistory#toJson()}.
   *
   * @throws FailureException where the text is no history
   */
  public static AccuracyHistory read(String text) {
    if (!text.startsWith(HEAD)) {
      return AccuracyHistory.fromJson(text);
    }
    var evaluations = new ArrayList<Evaluation>();
    var cells = new ArrayList<Cell>();
    try {
      for (String line : text.lines().skip(1).toList()) {
        Changes changes = Json.read(unpack(line), Changes.class, "the accuracy history");
        for (Cell changed : changes.cells) {
          if (changed.experience() == cells.size()) {
            cells.add(changed);
          } else {
            var byClass = new TreeMap<String, ClassCount>(cells.get(changed.experience()).byClass());
            byClass.putAll(changed.byClass());
            cells.set(changed.experience(), new Cell(changed.experience(), byClass));
          }
        }
        evaluations.add(new Evaluation(changes.after, cells));
      }
      return new AccuracyHistory(evaluations);
    } catch (IllegalArgumentException | IndexOutOfBoundsException | IOException e) {
      throw new FailureException("the accuracy history is damaged: line " + (evaluations.size() + 2)
          + " is no evaluation that follows on the one before; go back to a commit that can be read", e);
    }
  }

  private static String pack(String line) {
    var bytes = new ByteArrayOutputStream();
    try (var deflater = new DeflaterOutputStream(bytes)) {
      deflater.write(line.getBytes(UTF_8));
    } catch (IOException e) {
      throw new IllegalStateException("memory does not fail", e);
    }
    return Base64.getEncoder().withoutPadding().encodeToString(bytes.toByteArray());
  }

  private static String unpack(String line) throws IOException {
    try (var inflater = new InflaterInputStream(new ByteArrayInputStream(Base64.getDecoder().decode(line)))) {
      return new String(inflater.readNBytes(MOST), UTF_8);
    }
  }
}
