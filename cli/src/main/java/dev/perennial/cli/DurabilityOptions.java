package dev.perennial.cli;

import dev.perennial.snapshot.Durability;
import dev.perennial.snapshot.SnapshotOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say when what is learned becomes durable: of every command that learns into a store. */
final class DurabilityOptions {

  private static final double MEGA = 1e6;

  @Option(
      names = "--durability",
      paramLabel = "MODE",
      defaultValue = "sync",
      description = "sync: learning waits until a snapshot is on disk. async: it goes on as soon as the snapshot is "
          + "copied, which is written in the background, and takes as much memory again as the state. What is recovered "
          + "after a crash is then at most --most-behind steps old, and always a state that learning went through. "
          + "Default: ${DEFAULT-VALUE}.")
  private String durability = "";

  @Option(
      names = "--snapshot-every",
      paramLabel = "STEPS",
      defaultValue = "0",
      description = "Take a snapshot after so many steps; 0 for one every ten seconds. There is always one after an "
          + "experience. Where one is due while another is being written, the next one stands for both. Default: "
          + "${DEFAULT-VALUE}.")
  private long every;

  @Option(
      names = "--most-behind",
      paramLabel = "STEPS",
      defaultValue = "10000",
      description = "With async, steps that may be lost in a crash: learning waits where it is so far ahead of the disk. "
          + "Default: ${DEFAULT-VALUE}.")
  private long mostBehind;

  @Option(
      names = "--snapshot-rate",
      paramLabel = "MB/s",
      description = "Write snapshots no faster than so many megabytes a second. Default: as fast as the disk is.")
  private @Nullable Double rate;

  /**
   * What is asked for.
   *
   * @throws dev.perennial.UsageException if a value is out of range
   */
  SnapshotOptions options() {
    return new SnapshotOptions(
        Durability.of(durability), every, mostBehind, rate == null ? Double.POSITIVE_INFINITY : rate * MEGA);
  }
}
