package dev.perennial.protect;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;

/**
 * Where a group is, for those that want to recover from it: a small file that its owner alone can read, since it holds
 * the token.
 *
 * @param format 1
 * @param owner whose snapshots the group holds
 * @param parity members that may be lost
 * @param ports of the members on this machine, in their order
 * @param token that members ask for, in hexadecimal
 * @param fallback the directory of the store to go on from where more members are lost
 */
public record GroupFile(int format, String owner, int parity, List<Integer> ports, String token, String fallback) {

  private static final int FORMAT = 1;
  private static final long MOST_BYTES = 1 << 20;
  private static final ObjectMapper JSON = JsonMapper.builder().build();

  /** Copies the list. */
  public GroupFile {
    ports = List.copyOf(ports);
  }

  /** That of a group as it is now. */
  static GroupFile of(String owner, int parity, List<Integer> ports, byte[] token, String fallback) {
    return new GroupFile(FORMAT, owner, parity, ports, HexFormat.of().formatHex(token), fallback);
  }

  static byte[] bytes(String hexadecimal) {
    return HexFormat.of().parseHex(hexadecimal);
  }

  /**
   * Reads one.
   *
   * @throws UsageException if there is none
   * @throws FailureException if it is something else
   */
  public static GroupFile read(Path file) {
    try {
      if (Files.size(file) > MOST_BYTES) {
        throw new FailureException("expected the file of a group, " + file + " is too large for one");
      }
      GroupFile group = JSON.readValue(Files.readString(file, UTF_8), GroupFile.class);
      boolean good = group.format == FORMAT && group.parity >= 0 && group.ports.size() > group.parity
          && group.ports.size() <= ErasureCode.MOST && group.token.matches("([0-9a-f]{2})+") && !group.owner.isEmpty()
          && group.ports.stream().allMatch(port -> port > 0 && port < 1 << 16) && group.fallback != null;
      if (!good) {
        throw new FailureException("expected the file of a group of format " + FORMAT + ", " + file + " is another");
      }
      return group;
    } catch (NoSuchFileException e) {
      throw new UsageException("expected the file of a group at " + file + ", there is none: check the path, or start a"
          + " group by ./perennial store protect");
    } catch (JsonProcessingException | NullPointerException e) {
      throw new FailureException("expected the file of a group, " + file + " is something else", e);
    } catch (IOException e) {
      throw new FailureException("cannot read " + file + " (" + e.getMessage() + ")", e);
    }
  }

  /** Writes it, whole or not at all. */
  public void write(Path file) {
    Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
    try {
      Files.deleteIfExists(temporary);
      if (Files.getFileStore(Objects.requireNonNull(file.toAbsolutePath().getParent())).supportsFileAttributeView("posix")) {
        Files.createFile(temporary, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      }
      Files.writeString(temporary, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n", UTF_8);
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new FailureException("cannot write the group's file " + file + " (" + e.getMessage()
          + "): check the place, its space and permissions", e);
    }
  }

  /** The group, to talk to. */
  public Group group() {
    return new Group(ports, parity, bytes(token));
  }
}
