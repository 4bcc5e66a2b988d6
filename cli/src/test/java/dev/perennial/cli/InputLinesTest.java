package dev.perennial.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** Lines in groups. */
final class InputLinesTest {

  @Property(tries = 200)
  void next_anyText_givesTheLinesThatAreNotBlank(
      @ForAll @Size(max = 30) List<String> lines, @ForAll @IntRange(min = 1, max = 9) int most) {
    // Lone surrogates have no UTF-8; \r and \n end lines.
    List<String> clean =
        lines.stream().map(line -> line.replaceAll("[\\r\\n\\p{Cs}]", "") + "x").toList();
    var input = new InputLines(new ByteArrayInputStream(String.join("\n \n", clean).getBytes(UTF_8)));
    var read = new ArrayList<String>();
    for (List<String> group = input.next(most); !group.isEmpty(); group = input.next(most)) {
      assertEquals(Math.min(most, group.size()), group.size());
      read.addAll(group);
    }
    assertEquals(clean, read);
    assertEquals(Math.max(0, clean.size() - 1), input.blank());
  }

  @Test
  void next_inputThatGoesOnLater_doesNotWaitForMore() throws IOException {
    try (var typing = new PipedOutputStream(); var input = new PipedInputStream(typing)) {
      var lines = new InputLines(input);
      typing.write("first\nsecond\n".getBytes(UTF_8));
      typing.flush();
      assertEquals(Arrays.asList("first", "second"), lines.next(256));
      typing.write("third\n".getBytes(UTF_8));
      typing.flush();
      assertEquals(List.of("third"), lines.next(256));
    }
  }
}
