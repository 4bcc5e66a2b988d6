package dev.perennial.server.http;

import dev.perennial.FailureException;
import dev.perennial.server.Refused;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/** A directory of plain files as one ZIP archive, in a temporary place that goes when this is closed. */
final class BrickZip implements AutoCloseable {

  /** Names of files without directories. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,100}");

  private static final int MOST_FILES = 64;

  private final Path place;

  BrickZip() {
    try {
      place = Files.createTempDirectory("perennial-brick-");
    } catch (IOException e) {
      throw new FailureException("cannot make a temporary directory: " + e, e);
    }
  }

  /** A directory that is not there yet, for files to be packed, or that holds those that were unpacked. */
  Path directory() {
    return place.resolve("brick");
  }

  /** Its files as an archive. */
  byte[] packed() {
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes); Stream<Path> files = Files.list(directory())) {
      for (Path file : files.sorted().toList()) {
        zip.putNextEntry(new ZipEntry(String.valueOf(file.getFileName())));
        Files.copy(file, zip);
        zip.closeEntry();
      }
    } catch (IOException e) {
      throw new FailureException("cannot pack " + directory() + ": " + e, e);
    }
    return bytes.toByteArray();
  }

  /**
   * Unpacks an archive.
   *
   * @param most bytes of all files together
   * @throws Refused if it is none, has directories or odd names in it, or too much
   */
  void unpack(byte[] archive, long most) {
    try (var zip = new ZipInputStream(new ByteArrayInputStream(archive))) {
      Files.createDirectory(directory());
      int files = 0;
      long left = most;
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        if (!NAME.matcher(entry.getName()).matches() || ++files > MOST_FILES) {
          throw new Refused(Refused.Reason.UNPROCESSABLE, "expected at most " + MOST_FILES
              + " files without directories in the archive, got others: pack the files of one PEFT directory");
        }
        byte[] content = zip.readNBytes((int) Math.min(Integer.MAX_VALUE - 8, left + 1));
        left -= content.length;
        if (left < 0) {
          throw new Refused(Refused.Reason.TOO_LARGE, "expected at most " + most + " bytes in the archive, got more");
        }
        Files.write(directory().resolve(entry.getName()), content);
      }
      if (files == 0) {
        throw new Refused(Refused.Reason.MALFORMED, "expected a ZIP archive of a PEFT directory, got none");
      }
    } catch (IOException e) {
      throw new Refused(Refused.Reason.MALFORMED, "expected a ZIP archive, got one that cannot be unpacked: "
          + Json.shortened(String.valueOf(e.getMessage())), e);
    }
  }

  @Override
  public void close() {
    try (Stream<Path> files = Files.walk(place)) {
      List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
      for (Path file : deepestFirst) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new FailureException("cannot delete " + place + ": " + e + "; delete it by hand", e);
    }
  }
}
