package dev.perennial.server.source;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class LineSourceTest {

  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private static String line(int row) {
    return "{\"text\": \"text " + row + "\", \"label\": \"label " + row % 3 + "\"}";
  }

  private static LineSource source(String lines, @Nullable String offset, Consumer<String> problems) {
    return new LineSource("standard input", new ByteArrayInputStream(lines.getBytes(UTF_8)),
        new RowFormat("text", "label", 200), offset, problems);
  }

  private static List<Row> all(LineSource source) {
    var rows = new ArrayList<Row>();
    while (!source.ended()) {
      rows.addAll(source.poll(10, PATIENCE).rows());
    }
    return rows;
  }

  @Test
  void poll_killedAnywhere_learnsEachRowOnce() {
    var lines = new StringBuilder();
    for (int row = 0; row < 300; row++) {
      lines.append(line(row)).append(row % 2 == 0 ? "\n" : "\r\n").append(row % 50 == 7 ? "nonsense\n\n" : "");
    }
    List<Row> wanted = IntStream.range(0, 300).mapToObj(row -> new Row("text " + row, "label " + row % 3)).toList();
    for (long seed = 0; seed < 10; seed++) {
      var teaching = new Teaching(offset -> source(lines.toString(), offset, line -> {}), seed);
      assertEquals(wanted, teaching.learn(300, 20, batch -> {}));
      assertTrue(teaching.kills() > 3);
    }
  }

  @Test
  void poll_badRows_areToldInOneLineEachAndLeftOut() {
    var told = new ArrayList<String>();
    LineSource source = source(line(1) + "\nnonsense\n\n" + "x".repeat(500) + "\n" + line(2), null, told::add);
    assertEquals(List.of(new Row("text 1", "label 1"), new Row("text 2", "label 2")), all(source));
    assertEquals(2, source.malformed());
    assertEquals(2, told.size());
    assertTrue(told.getFirst().startsWith("line 2 of standard input cannot be learned"), told::toString);
    assertTrue(told.getLast().contains("line 4") && told.getLast().contains("500 bytes"), told::toString);
  }

  @Test
  void poll_otherLinesThanBefore_isRefused() {
    String offset;
    try (var source = source(line(1) + "\n" + line(2) + "\n" + line(3), null, line -> {})) {
      source.poll(1, PATIENCE);
      offset = source.poll(1, PATIENCE).offset();
    }
    assertEquals(List.of(new Row("text 3", "label 0")),
        all(source(line(1) + "\n" + line(2) + "\n" + line(3), offset, line -> {})));
    for (String others : List.of(line(1), line(2) + "\n" + line(1) + "\n" + line(3))) {
      var refusal = assertThrows(UsageException.class, () -> all(source(others, offset, line -> {})));
      assertTrue(String.valueOf(refusal.getMessage()).contains("the 2 lines that were learned before"));
    }
    for (String foreign : List.of("", "{}", "{\"lines\": -1, \"digest\": \"AAAA\"}", "null", "{\"topic\": \"a\"}")) {
      assertThrows(FailureException.class, () -> source(line(1), foreign, line -> {}));
    }
  }

  @Test
  void poll_whileNothingComes_waitsNoLongerThanAsked() throws IOException {
    try (var out = new PipedOutputStream();
        var source = new LineSource("pipe", new PipedInputStream(out), RowFormat.DEFAULT, null, line -> {})) {
      assertEquals(List.of(), source.poll(5, Duration.ofMillis(20)).rows());
      assertFalse(source.ended());
      out.write((line(1) + "\n").getBytes(UTF_8));
      out.flush();
      assertEquals(List.of(new Row("text 1", "label 1")), source.poll(5, PATIENCE).rows());
    }
  }

  @Test
  void poll_inputThatFails_saysSo() {
    InputStream broken = new InputStream() {
      @Override
      public int read() throws IOException {
        throw new IOException("the cable is out");
      }
    };
    try (var source = new LineSource("modem", broken, RowFormat.DEFAULT, null, line -> {})) {
      var failure = assertThrows(FailureException.class, () -> source.poll(1, PATIENCE));
      assertTrue(String.valueOf(failure.getMessage()).contains("the cable is out"));
    }
  }
}
