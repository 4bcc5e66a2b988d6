package dev.perennial.bench;

import dev.perennial.bench.serve.ServeBench;
import dev.perennial.bench.suite.SuiteCommand;
import picocli.CommandLine.Command;

/** {@code perennial bench}: the parent of the commands that measure speed and compare techniques. */
@Command(
    name = "bench",
    synopsisSubcommandLabel = "COMMAND",
    header = "Measure speed on this machine, against others where there are any, and compare techniques.",
    subcommands = {
        BricksBench.class, CacheBench.class, DriftBench.class, EditsBench.class, EncoderBench.class,
        IntrinsicBench.class, KillsBench.class, KindsBench.class, LearnBench.class, LongBench.class, LoopBench.class,
        MedoidsBench.class, MergeBench.class, OpenBench.class, RecallBench.class, RecoveryBench.class,
        RouteBench.class, ShrinkBench.class, SnapshotsBench.class, TuneBench.class, ServeBench.class,
        SuiteCommand.class})
public final class BenchCommand {}
