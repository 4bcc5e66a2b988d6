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

  private static final int GROUP = 256;

  private final BufferedReader reader;
  private List<String> given = List.of();
  private long read;
  private long blank;

  /**
   * The texts of a command line, which come together; or where - stands alone, the lines of standard input.
   *
   * @throws UsageException where one of the texts is blank
   */
  static InputLines of(List<String> texts, InputStream in) {
    if (texts.equals(List.of("-"))) {
      return new InputLines(in);
    }
    if (texts.stream().anyMatch(String::isBlank)) {
      throw new UsageException("expected a text, got a blank one: give it some words");
    }
    var lines = new InputLines(InputStream.nullInputStream());
    lines.given = texts;
    return lines;
  }

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
    if (!given.isEmpty()) {
      List<String> texts = given;
      given = List.of();
      return texts;
    }
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

  /** All that are not blank, at the end of the input. */
  List<String> all() {
    var lines = new ArrayList<String>();
    for (List<String> some = next(GROUP); !some.isEmpty(); some = next(GROUP)) {
      lines.addAll(some);
    }
    return lines;
  }

  /**
   * All texts of a command line, as {@link #of} takes them; says how many blank lines were left out.
   *
   * @throws UsageException if there is none, or one that was typed is blank
   */
  static List<String> all(List<String> texts, Console console) {
    InputLines lines = of(texts, console.in());
    List<String> all = lines.all();
    lines.tellBlank(console);
    if (all.isEmpty()) {
      throw new UsageException("expected lines of text on standard input, got none: pipe some in");
    }
    return all;
  }

  /** How many blank lines were left out so far. */
  long blank() {
    return blank;
  }

  /** Says how many blank lines were left out so far, if any were. */
  void tellBlank(Console console) {
    if (blank > 0) {
      console.err().println("perennial: " + blank + " blank line" + (blank == 1 ? "" : "s") + " left out");
    }
  }
}
