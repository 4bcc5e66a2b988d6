package dev.perennial.server.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.server.Intake.Lesson;
import dev.perennial.server.Intake.Offset;
import dev.perennial.server.Intake.Row;
import dev.perennial.server.Refused;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class JournalTest {

  @TempDir
  private Path directory = Path.of("");

  private Journal open() {
    return open(JournalOptions.DEFAULT);
  }

  private Journal open(JournalOptions options) {
    return Journal.open(directory.resolve("journal.db"), options, Clock.systemUTC());
  }

  private static Lesson lesson(String source, @Nullable String key, String... texts) {
    return new Lesson("m", source, List.of(texts).stream().map(text -> new Row(text, "label of " + text)).toList(), key, null);
  }

  @Test
  void add_isThereAfterReopening_inTheOrderOfTheNumbers() {
    try (Journal journal = open()) {
      assertEquals(1, journal.add(lesson("s", null, "a", "b")).first());
      assertEquals(3, journal.add(lesson("s", null, "c")).last());
    }
    try (Journal journal = open()) {
      assertEquals(3, journal.last());
      assertEquals(List.of("b", "c"), journal.after(1, 10).stream().map(Entry::text).toList());
      assertEquals("label of b", journal.after(1, 1).getFirst().label());
    }
  }

  @Test
  void add_sameKeyAgain_isAddedOnce_alsoAfterReopening() {
    try (Journal journal = open()) {
      journal.add(lesson("s", "k", "a", "b"));
      var again = journal.add(lesson("s", "k", "a", "b"));
      assertTrue(again.repeated());
      assertEquals(1, again.first());
      assertEquals(2, again.last());
    }
    try (Journal journal = open()) {
      assertTrue(journal.add(lesson("s", "k", "a", "b")).repeated());
      assertEquals(2, journal.last());
      assertFalse(journal.add(new Lesson("other", "s", List.of(new Row("a", "x")), "k", null)).repeated());
    }
  }

  @Test
  void add_sameKeyWithOtherRows_isRefusedAndAddsNothing() {
    try (Journal journal = open()) {
      journal.add(lesson("s", "k", "a"));
      var refused = assertThrows(Refused.class, () -> journal.add(lesson("s", "k", "b")));
      assertEquals(422, refused.reason().status());
      assertEquals(1, journal.last());
      assertEquals(2, journal.add(lesson("s", null, "c")).last());
    }
  }

  @Test
  void add_offset_movesWithItsRows() {
    try (Journal journal = open()) {
      assertEquals(Optional.empty(), journal.offset("topic/0"));
      journal.add(new Lesson("m", "s", List.of(new Row("a", "x")), null, new Offset("topic/0", "17")));
      journal.add(new Lesson("m", "s", List.of(), null, new Offset("topic/0", "18")));
    }
    try (Journal journal = open()) {
      assertEquals(Optional.of("18"), journal.offset("topic/0"));
      assertEquals(1, journal.last());
    }
  }

  @Test
  void add_byManyAtOnce_sharesSyncsAndLosesNothing() throws Exception {
    try (Journal journal = open(); var clients = Executors.newVirtualThreadPerTaskExecutor()) {
      var tasks = new ArrayList<Callable<Long>>();
      for (int client = 0; client < 400; client++) {
        String text = "text " + client;
        tasks.add(() -> journal.add(lesson("s", text, text)).last());
      }
      var numbers = new HashSet<Long>();
      for (var future : clients.invokeAll(tasks)) {
        numbers.add(future.get());
      }
      assertEquals(400, numbers.size());
      assertEquals(400, journal.after(0, 1000).size());
      assertTrue(journal.syncs() < 300, () -> journal.syncs() + " syncs of 400 requests");
    }
  }

  @Test
  void settled_isWhereTheFirstModelIsBehind() {
    try (Journal journal = open()) {
      assertEquals(0, journal.settled());
      journal.add(lesson("s", null, "a", "b", "c"));
      journal.add(new Lesson("n", "s", List.of(new Row("d", "x")), null, null));
      assertEquals(0, journal.settled());
      journal.committed("m", 2);
      assertEquals(2, journal.settled());
      journal.committed("m", 3);
      assertEquals(3, journal.settled());
      journal.committed("n", 4);
      assertEquals(4, journal.settled());
    }
  }

  @Test
  void remove_namesTheRowsBeforeIt_andTheirTextsGoOnceCommitted() {
    try (Journal journal = open()) {
      journal.add(lesson("bad", null, "a", "b"));
      journal.add(lesson("good", null, "c"));
      long seq = journal.remove("m", "bad").last();
      journal.add(lesson("bad", null, "d"));
      Entry removal = journal.after(seq - 1, 1).getFirst();
      assertEquals(Entry.Kind.REMOVAL, removal.kind());
      assertEquals(List.of("a", "b"), journal.removedBy(removal).stream().map(Entry::text).toList());
      journal.committed("m", seq - 1);
      assertEquals("a", journal.removedBy(removal).getFirst().text());
      journal.committed("m", seq);
      assertNull(journal.removedBy(removal).getFirst().text());
      Taught bad = journal.sources("m").getFirst();
      assertEquals(1, bad.rows());
      assertEquals(2, bad.removed());
      assertEquals(404, assertThrows(Refused.class, () -> journal.remove("m", "nobody")).reason().status());
    }
  }

  @Test
  void committed_tooManyTexts_givesUpTheOldestThatAreLearned_andTheyCannotBeRemoved() {
    try (Journal journal = open(new JournalOptions(4, Duration.ofDays(1)))) {
      journal.add(lesson("s", null, "aa", "bb", "cc", "dd"));
      journal.committed("m", 3);
      assertEquals(List.of("cc", "dd"), journal.after(2, 9).stream().map(Entry::text).toList());
      assertNull(journal.after(0, 1).getFirst().text());
      assertEquals(409, assertThrows(Refused.class, () -> journal.remove("m", "s")).reason().status());
      assertEquals(2, journal.sources("m").getFirst().withoutText());
    }
  }

  @Test
  void open_anotherFile_isRefusedInOneLine() throws Exception {
    Files.writeString(directory.resolve("journal.db"), "this is no database at all, but a text of some length");
    assertTrue(String.valueOf(assertThrows(FailureException.class, this::open).getMessage()).contains("journal.db"));
  }

  @Test
  void add_afterClose_isRefused() {
    Journal journal = open();
    journal.close();
    assertThrows(FailureException.class, () -> journal.add(lesson("s", null, "a")));
  }
}
