package dev.perennial.stream;

import dev.perennial.data.Example;
import dev.perennial.data.Input;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The SHA-256 of a stream.
 *
 * <p>Everything is written one after the other, numbers big-endian, each text as UTF-8 after its number of bytes, each
 * list after its size, each optional part after a byte that says whether it is there; so no two streams are written the
 * same way.
 */
final class Digest {

  private final DataOutputStream out;

  private Digest(DataOutputStream out) {
    this.out = out;
  }

  /** The digest, as 64 hexadecimal digits. */
  static String of(Stream stream) {
    try {
      var sha256 = MessageDigest.getInstance("SHA-256");
      try (var out = new DataOutputStream(new DigestOutputStream(OutputStream.nullOutputStream(), sha256))) {
        new Digest(out).write(stream);
      }
      return HexFormat.of().formatHex(sha256.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void write(Stream stream) throws IOException {
    write(stream.scenario().id());
    out.writeInt(stream.experiences().size());
    for (var experience : stream.experiences()) {
      out.writeInt(experience.index());
      write(experience.name());
      out.writeInt(experience.classes().size());
      for (var label : experience.classes()) {
        write(label);
      }
      write(experience.train());
      write(experience.test());
    }
  }

  private void write(List<Example> rows) throws IOException {
    out.writeInt(rows.size());
    for (var row : rows) {
      write(row.input());
      write(row.label());
      writeOptional(row.task());
      out.writeBoolean(row.order() != null);
      if (row.order() != null) {
        out.writeDouble(row.order());
      }
    }
  }

  private void write(Input input) throws IOException {
    switch (input) {
      case Input.Text text -> {
        out.writeByte('t');
        write(text.value());
      }
      case Input.Image image -> {
        out.writeByte('i');
        out.writeInt(image.channels());
        out.writeInt(image.height());
        out.writeInt(image.width());
        out.write(image.samples());
      }
      case Input.Latent latent -> throw new IllegalStateException("a stream has no " + latent);
    }
  }

  private void writeOptional(@Nullable String text) throws IOException {
    out.writeBoolean(text != null);
    if (text != null) {
      write(text);
    }
  }

  private void write(String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }
}
