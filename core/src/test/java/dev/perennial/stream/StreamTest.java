package dev.perennial.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Example;
import dev.perennial.data.Input;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

final class StreamTest {

  private static final Example ROW = Example.of("text", "label");

  private static Stream stream(Scenario scenario, String name, List<String> classes, List<Example> train) {
    return new Stream(scenario, List.of(new Experience(0, name, classes, train, List.of())));
  }

  private static Stream of(Example... train) {
    return stream(Scenario.CLASS_INCREMENTAL, "one", List.of("label"), List.of(train));
  }

  /** Writes the bytes by hand that the digest says it takes. */
  @Test
  void digest_smallStream_isTheSha256OfItsDocumentedBytes() throws NoSuchAlgorithmException {
    var bytes = ByteBuffer.allocate(200);
    text(bytes, "class-incremental");
    bytes.putInt(1).putInt(0);
    text(bytes, "one");
    bytes.putInt(1);
    text(bytes, "label");
    bytes.putInt(1);
    bytes.put((byte) 't');
    text(bytes, "caf\u00e9");
    text(bytes, "label");
    bytes.put((byte) 1);
    text(bytes, "task");
    bytes.put((byte) 1).putDouble(2.5);
    bytes.putInt(0);
    var sha256 = MessageDigest.getInstance("SHA-256");
    sha256.update(bytes.flip());
    var stream = of(new Example(new Input.Text("caf\u00e9"), "label", "task", 2.5));
    assertEquals(HexFormat.of().formatHex(sha256.digest()), stream.digest());
  }

  private static void text(ByteBuffer bytes, String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    bytes.putInt(utf8.length).put(utf8);
  }

  @Test
  void digest_anyDifference_givesAnother() {
    var input = new Input.Text("text");
    byte[] six = {1, 2, 3, 4, 5, 6};
    var streams = List.of(
        of(ROW),
        of(ROW, ROW),
        of(Example.of("texts", "label")),
        of(Example.of("text", "labels")),
        of(Example.of("textl", "abel")),
        of(new Example(input, "label", "task", null)),
        of(new Example(input, "label", "", null)),
        of(new Example(input, "label", null, 0.0)),
        of(new Example(input, "label", null, 1.0)),
        of(ROW, Example.of("other", "label")),
        of(Example.of("other", "label"), ROW),
        of(new Example(new Input.Image(1, 2, 3, six), "label", null, null)),
        of(new Example(new Input.Image(1, 3, 2, six), "label", null, null)),
        of(new Example(new Input.Image(2, 1, 3, six), "label", null, null)),
        of(new Example(new Input.Image(1, 2, 3, new byte[6]), "label", null, null)),
        stream(Scenario.TASK_INCREMENTAL, "one", List.of("label"), List.of(ROW)),
        stream(Scenario.CLASS_INCREMENTAL, "two", List.of("label"), List.of(ROW)),
        stream(Scenario.CLASS_INCREMENTAL, "one", List.of("label", "more"), List.of(ROW)),
        new Stream(Scenario.CLASS_INCREMENTAL,
            List.of(new Experience(0, "one", List.of("label"), List.of(), List.of(ROW)))),
        new Stream(Scenario.CLASS_INCREMENTAL,
            List.of(new Experience(1, "one", List.of("label"), List.of(ROW), List.of()))));
    var digests = new HashSet<String>();
    for (var stream : streams) {
      assertTrue(digests.add(stream.digest()), stream.toString());
      assertTrue(stream.digest().matches("[0-9a-f]{64}"));
    }
  }
}
