package dev.perennial.store;

import java.io.IOException;

/** The system's disk, of which one operation fails. */
final class FailingOnce extends SteppedDisk {

  private final int failing;
  private int operation;

  FailingOnce(int failing) {
    this.failing = failing;
  }

  boolean failed() {
    return operation > failing;
  }

  @Override
  void step() throws IOException {
    if (operation++ == failing) {
      throw new IOException("no space left on device");
    }
  }
}
