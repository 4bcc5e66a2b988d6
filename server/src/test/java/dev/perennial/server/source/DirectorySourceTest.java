package dev.perennial.server.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DirectorySourceTest {

  private static final Duration SOON = Duration.ofMillis(10);

  @TempDir
  private Path directory = Path.of("");

  private final List<String> told = new ArrayList<>();

  private static String line(int row) {
    return "{\"text\": \"text " + row + "\", \"label\": \"label\"}";
  }

  private static List<Row> rows(int from, int to) {
    return IntStream.range(from, to).mapToObj(row -> new Row("text " + row, "label")).toList();
  }

  private Path write(String name, int from, int to) {
    try {
      Path part = Files.write(directory.resolve(name + ".part"), IntStream.range(from, to).mapToObj(DirectorySourceTest::line).toList());
      return Files.move(part, directory.resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private DirectorySource source(@Nullable String offset) {
    return new DirectorySource(
        new DirectoryOptions(directory, RowFormat.DEFAULT, Duration.ZERO), offset, InstantSource.system(), told::add);
  }

  @Test
  void poll_killedAnywhereWhileFilesCome_learnsEachRowOnce() throws IOException {
    for (long seed = 0; seed < 6; seed++) {
      int from = (int) seed * 1_000;
      write("a" + seed + ".jsonl", from, from + 40);
      write("b" + seed + ".ndjson", from + 40, from + 41);
      Files.writeString(directory.resolve("c" + seed + ".jsonl"), "");
      Files.writeString(directory.resolve("d" + seed + ".csv"), "text,label");
      int start = from;
      long run = seed;
      var teaching = new Teaching(this::source, seed);
      List<Row> learned = teaching.learn(191, 20, batch -> {
        if (batch % 4 == 3 && batch < 60) {
          write("e" + run + (char) ('a' + batch / 4) + ".jsonl", start + 41 + 10 * (batch / 4), start + 51 + 10 * (batch / 4));
        }
      });
      assertEquals(rows(from, from + 191), learned);
      assertTrue(teaching.kills() > 1);
      try (DirectorySource source = source(teaching.offset())) {
        Batch rest = source.poll(5, SOON);
        assertEquals(List.of(), rest.rows());
        source.committed(rest.offset());
      }
    }
    assertEquals(List.of(), told);
    try (var left = Files.list(directory)) {
      assertEquals(List.of("d0.csv", "d1.csv", "d2.csv", "d3.csv", "d4.csv", "d5.csv", "learned"),
          left.map(file -> file.getFileName() + "").sorted().toList());
    }
  }

  @Test
  void poll_aFileThatComesAgain_isLearnedAgainOnlyWithOtherContent() throws IOException {
    try (DirectorySource source = source(null)) {
      write("a.jsonl", 0, 2);
      Batch batch = source.poll(5, SOON);
      assertEquals(rows(0, 2), batch.rows());
      source.committed(source.poll(5, SOON).offset());
      assertTrue(Files.exists(directory.resolve("learned/a.jsonl")));
      write("a.jsonl", 0, 2);
      assertEquals(List.of(), source.poll(5, SOON).rows());
      assertTrue(told.getLast().contains("was learned before"), told::toString);
      for (int time = 0; time < 2; time++) {
        write("a.jsonl", 2, 4);
        assertEquals(time == 0 ? rows(2, 4) : List.of(), source.poll(5, SOON).rows());
        source.committed(source.poll(5, SOON).offset());
        assertFalse(Files.exists(directory.resolve("a.jsonl")));
      }
      assertEquals(2, told.size());
    }
  }

  @Test
  void poll_aFileThatIsBeingWritten_isWaitedFor() throws IOException {
    var now = new Instant[] {Instant.parse("2026-01-01T00:00:00Z")};
    var options = new DirectoryOptions(directory, RowFormat.DEFAULT, Duration.ofSeconds(2));
    try (var source = new DirectorySource(options, null, () -> now[0], told::add)) {
      Path file = Files.writeString(directory.resolve("a.jsonl"), line(0) + "\n" + line(1).substring(0, 7));
      // A clock that is behind the files' own: what counts is how long it has been seen unchanged.
      for (int second = 0; second < 5; second++) {
        Files.setLastModifiedTime(file, FileTime.from(Instant.parse("2026-01-01T01:00:00Z").plusSeconds(second)));
        assertEquals(List.of(), source.poll(5, Duration.ZERO).rows());
        now[0] = now[0].plusSeconds(1);
      }
      Files.writeString(file, line(1).substring(7) + "\n", StandardOpenOption.APPEND);
      Files.setLastModifiedTime(file, FileTime.from(now[0].plusSeconds(3_600)));
      assertEquals(List.of(), source.poll(5, Duration.ZERO).rows());
      now[0] = now[0].plusSeconds(2);
      assertEquals(rows(0, 2), source.poll(5, Duration.ZERO).rows());
      // One that was written long ago is taken up at once.
      Files.setLastModifiedTime(write("b.jsonl", 2, 3), FileTime.from(now[0].minusSeconds(10)));
      assertEquals(rows(2, 3), source.poll(5, Duration.ZERO).rows());
    }
  }

  @Test
  void open_whereTheFileHasChangedOrGone_leavesItOutAndSaysSo() throws IOException {
    for (boolean gone : new boolean[] {false, true}) {
      String name = gone ? "gone.jsonl" : "changed.jsonl";
      String offset;
      try (DirectorySource source = source(null)) {
        Path file = write(name, 0, 9);
        offset = source.poll(4, SOON).offset();
        if (gone) {
          Files.delete(file);
        } else {
          Files.writeString(file, line(9), StandardOpenOption.APPEND);
        }
      }
      try (DirectorySource source = source(offset)) {
        assertEquals(List.of(), source.poll(5, SOON).rows());
        assertTrue(told.getLast().contains("of which 4 lines were learned, " + (gone ? "is gone" : "has changed")),
            told::toString);
        source.committed(source.poll(5, SOON).offset());
      }
    }
    assertEquals(2, told.size());
  }

  @Test
  void poll_badRows_areToldInOneLineEachAndLeftOut() throws IOException {
    Files.write(directory.resolve("a.jsonl"), List.of(line(0), "{", "", line(1)));
    try (DirectorySource source = source(null)) {
      assertEquals(rows(0, 2), source.poll(5, SOON).rows());
      assertEquals(1, source.malformed());
      assertTrue(told.getFirst().startsWith("line 2 of " + directory.resolve("a.jsonl")), told::toString);
    }
  }

  @Test
  void open_withoutADirectoryOrWithAnothersOffset_isRefused() {
    var refusal = assertThrows(UsageException.class, () -> new DirectorySource(
        DirectoryOptions.of(directory.resolve("nowhere")), null, InstantSource.system(), told::add));
    assertTrue(String.valueOf(refusal.getMessage()).contains("expected a directory to watch"));
    for (String foreign : List.of("", "{}", "[]", "{\"lines\": 3, \"digest\": \"\"}")) {
      assertThrows(FailureException.class, () -> source(foreign));
    }
    assertThrows(UsageException.class, () -> new DirectoryOptions(directory, RowFormat.DEFAULT, Duration.ofDays(1)));
  }
}
