package dev.perennial.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Power lost before every operation of a commit: what was not synced is dropped, torn or garbled, as chance has it. */
final class StorePowerLossTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

  @TempDir Path temp;

  @Test
  void commit_powerLostAnywhere_isTheOldOrTheNewState() throws IOException {
    String old = StateDigest.of(States.at(1));
    String next = StateDigest.of(States.at(2));
    for (int chance = 0; chance < 4; chance++) {
      boolean lost = true;
      for (int n = 1; lost; n++) {
        Path dir = temp.resolve(chance + "-" + n);
        try (Store store = Store.create(dir, "")) {
          store.commit(Position.START, States.at(1), Map.of(), NOON);
        }
        var disk = new FragileDisk(n, new Random(1000L * chance + n));
        boolean acknowledged = false;
        try (Store store = Store.open(dir, Access.WRITE, disk)) {
          store.commit(new Position(1, 1), States.at(2), Map.of(), NOON);
          acknowledged = true;
        } catch (FailureException e) {
          assertTrue(disk.lost());
        }
        lost = disk.lost();
        disk.forget();
        try (Store store = Store.open(dir, Access.WRITE)) {
          String place = "chance " + chance + ", operation " + n;
          assertEquals(Optional.empty(), store.fallback(), place);
          assertEquals(acknowledged ? next : old, States.digest(store, store.head().orElseThrow()), place);
          assertEquals(List.of(), store.verify(), place);
          Commit again = store.commit(new Position(1, 1), States.at(2), Map.of(), NOON);
          assertEquals(next, States.digest(store, again), place);
        }
      }
    }
  }

  /** Loses power before the n-th operation; then {@link #forget} does to the files what that may do to them. */
  private static final class FragileDisk implements Disk {
    private final SystemDisk disk = new SystemDisk();
    private final Map<FileChannel, Path> open = new HashMap<>();
    private final List<Path> unsynced = new ArrayList<>();
    private final List<Path[]> renamed = new ArrayList<>();
    private final long losing;
    private final Random random;
    private long operations;

    FragileDisk(long losing, Random random) {
      this.losing = losing;
      this.random = random;
    }

    boolean lost() {
      return operations >= losing;
    }

    void forget() throws IOException {
      for (Path[] move : renamed.reversed()) {
        if (random.nextBoolean() && Files.exists(move[1])) {
          Files.move(move[1], move[0], StandardCopyOption.ATOMIC_MOVE);
        }
      }
      for (Path file : unsynced) {
        for (Path place : List.of(file, Path.of(file.toString().replace(".tmp", ".safetensors")))) {
          if (Files.exists(place)) {
            damage(place);
          }
        }
      }
    }

    private void damage(Path file) throws IOException {
      byte[] bytes = Files.readAllBytes(file);
      switch (random.nextInt(5)) {
        case 0 -> Files.delete(file);
        case 1 -> Files.write(file, new byte[0]);
        case 2 -> Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
        case 3 -> Files.write(file, new byte[bytes.length]);
        default -> {
          if (bytes.length > 0) {
            bytes[random.nextInt(bytes.length)] ^= 8;
            Files.write(file, bytes);
          }
        }
      }
    }

    private void step() throws IOException {
      if (++operations >= losing) {
        throw new IOException("power lost");
      }
    }

    @Override
    public FileChannel create(Path file) throws IOException {
      step();
      FileChannel channel = disk.create(file);
      open.put(channel, file);
      unsynced.add(file);
      return channel;
    }

    @Override
    public void write(FileChannel file, ByteBuffer bytes) throws IOException {
      step();
      disk.write(file, bytes);
    }

    @Override
    public void sync(FileChannel file) throws IOException {
      step();
      disk.sync(file);
      unsynced.remove(open.get(file));
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
      step();
      disk.rename(from, to);
      renamed.add(new Path[] {from, to});
    }

    @Override
    public void syncDirectory(Path directory) throws IOException {
      step();
      disk.syncDirectory(directory);
      renamed.clear();
    }

    @Override
    public void delete(Path file) throws IOException {
      step();
      disk.delete(file);
    }

    @Override
    public void commit(Connection database) throws SQLException {
      try {
        step();
      } catch (IOException e) {
        throw new SQLException(e.getMessage(), e);
      }
      disk.commit(database);
    }
  }
}
