package dev.perennial.store;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A new file that is written from its beginning to its end, once.
 *
 * <p>The whole blocks of a large one pass over the system's cache of files ({@code O_DIRECT}): nobody
 * reads them soon, and filling that cache takes longer than a fast disk takes to write. What is left at the end, less than
 * a block, goes the usual way, as does all of a file on a file system that has no other.
 */
final class BlobFile implements Sink.Target, AutoCloseable {

  /** Bytes written at once; a multiple of every block size that is. */
  private static final int AT_ONCE = 4 << 20;

  private static final int ALIGNMENT = 1 << 16;

  private final Disk disk;
  private final Pace pace;
  private final FileChannel file;
  private final Arena arena = Arena.ofConfined();
  private @Nullable FileChannel direct;
  private ByteBuffer gathered = ByteBuffer.allocate(0);
  private int block = 1;
  private long written;

  private BlobFile(Disk disk, Pace pace, FileChannel file) {
    this.disk = disk;
    this.pace = pace;
    this.file = file;
  }

  /**
   * Makes the file.
   *
   * @param bytes about as many as it will have
   * @param pace that writing keeps
   */
  static BlobFile create(Disk disk, Path path, long bytes, Pace pace) throws IOException {
    var file = new BlobFile(disk, pace, disk.create(path));
    // A limited pace is kept by syncs, so that no more than it allows waits in the system's cache.
    if (bytes >= disk.large() && !pace.isLimited()) {
      file.passOverCache(path);
    }
    return file;
  }

  private void passOverCache(Path path) {
    try {
      long size = Files.getFileStore(path).getBlockSize();
      if (ALIGNMENT % size == 0) {
        gathered = arena.allocate(AT_ONCE, ALIGNMENT).asByteBuffer();
        block = (int) size;
        direct = disk.direct(path);
      }
    } catch (IOException | UnsupportedOperationException e) {
      // This file system has no such way; whatever else is wrong with it, the usual way meets and tells.
      direct = null;
    }
  }

  @Override
  public void write(ByteBuffer bytes) throws IOException {
    // Asked anew for each block: where the first is refused, what comes after it goes the usual way, in its order.
    while (direct != null && bytes.hasRemaining()) {
      int length = Math.min(bytes.remaining(), gathered.remaining());
      gathered.put(bytes.slice(bytes.position(), length));
      bytes.position(bytes.position() + length);
      if (!gathered.hasRemaining()) {
        pass(gathered.flip());
        gathered.clear();
      }
    }
    if (bytes.hasRemaining()) {
      throughCache(bytes);
    }
  }

  private void throughCache(ByteBuffer bytes) throws IOException {
    long before = written / Pace.SYNC_BYTES;
    int length = bytes.remaining();
    written += length;
    disk.write(file, bytes);
    pace.wrote(length);
    if (pace.isLimited() && written / Pace.SYNC_BYTES > before) {
      disk.sync(file);
    }
  }

  /** Writes whole blocks. Where the file system takes the way but no bytes on it, they go the usual way. */
  private void pass(ByteBuffer blocks) throws IOException {
    FileChannel way = direct;
    int length = blocks.remaining();
    if (way != null) {
      try {
        disk.write(way, blocks);
        written += length;
        return;
      } catch (IOException e) {
        if (written > 0) {
          throw e;
        }
        way.close();
        direct = null;
      }
    }
    throughCache(blocks.rewind());
  }

  /** Writes what is left, and returns once all of it is on the medium. */
  void sync() throws IOException {
    gathered.flip();
    int whole = gathered.remaining() / block * block;
    if (whole > 0) {
      pass(gathered.slice(0, whole));
    }
    if (whole < gathered.limit()) {
      file.position(written);
      throughCache(gathered.position(whole));
    }
    disk.sync(file);
  }

  @Override
  public void close() throws IOException {
    try (arena; file) {
      if (direct != null) {
        direct.close();
      }
    }
  }
}
