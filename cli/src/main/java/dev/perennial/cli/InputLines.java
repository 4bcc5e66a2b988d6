package dev.perennial.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.List;

/** The lines of an input that may never end, in groups: as many as are there, so that no answer waits for more. */
final class InputLines {

  private final BufferedReader reader;
  private long read;
  private long blank;

  InputLines(InputStream in) {
    // A byte is a character here: lines end at the same bytes, and each is decoded, and complained of, by itself.
    reader = new BufferedReader(new InputStreamReader(in, ISO_8859_1));
  }

  /**
   * The next lines that are not blank; waits for the first of them only.
   *
   * @param most how many at most
   * @return empty at the end
   * @throws UsageException where the bytes of a line are not UTF-8
   * @throws FailureException where the input cannot be read
   */
  List<String> next(int most) {
    var lines = new ArrayList<String>();
    try {
      while (lines.isEmpty() || (lines.size() < most && reader.ready())) {
        String line = reader.readLine();
        if (line == null) {
          break;
        }
        read++;
        String text = UTF_8.newDecoder().decode(ByteBuffer.wrap(line.getBytes(ISO_8859_1))).toString();
        if (text.isBlank()) {
          blank++;
        } else {
          lines.add(text);
        }
      }
    } catch (CharacterCodingException e) {
      throw new UsageException("expected UTF-8 on standard input, got other bytes in line " + read
          + ": convert it, for example with iconv", e);
    } catch (IOException e) {
      throw new FailureException("cannot read standard input after line " + read + " (" + e.getMessage()
          + "): check where it comes from", e);
    }
    return lines;
  }

  /** How many blank lines were left out so far. */
  long blank() {
    return blank;
  }
}
