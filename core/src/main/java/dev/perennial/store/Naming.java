package dev.perennial.store;

import dev.perennial.tensor.Safetensors;
import dev.perennial.tensor.StatePart;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * The name that a part's blob gets, being worked out: the SHA-256 of its bytes, beside their number and CRC-32C.
 *
 * <p>A digest takes about as long as a disk takes to write the same bytes; so those of large parts are made on a thread
 * of their own while the bytes are written. {@link #close} waits for it: the tensors may be gone afterwards.
 */
final class Naming implements AutoCloseable {

  /** Bytes from which a thread is worth its start. */
  private static final long LARGE = 1 << 20;

  /**
   * What a blob's bytes come to.
   *
   * @param ref the part as a commit names it
   * @param checksum CRC-32C of the blob
   */
  record Name(PartRef ref, long checksum) {}

  private final FutureTask<Name> task;

  private Naming(FutureTask<Name> task) {
    this.task = task;
  }

  private static Name workOut(StatePart part) throws IOException {
    var digest = new Sha256();
    Sink sink = Sink.digesting(digest);
    Safetensors.write(sink, part.tensors(), Map.of());
    return new Name(new PartRef(part.name(), part.combine(), digest.hex(), sink.bytes()), sink.checksum());
  }

  /** Works it out, and returns when that is done. O(bytes). */
  static Naming now(StatePart part) {
    var task = new FutureTask<Name>(() -> workOut(part));
    task.run();
    return new Naming(task);
  }

  /** Begins to work it out; small parts' names are known on return. */
  static Naming begin(StatePart part) {
    var task = new FutureTask<Name>(() -> workOut(part));
    if (part.bytes() < LARGE) {
      task.run();
    } else {
      Thread.ofPlatform().daemon().name("perennial-digest").start(task);
    }
    return new Naming(task);
  }

  /** The name, when it is known; an interrupt is kept for later. */
  Name name() throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException io -> throw io;
        case RuntimeException defect -> throw defect;
        case Error error -> throw error;
        case null, default -> throw new IOException(e);
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void close() throws IOException {
    name();
  }
}
