package dev.perennial.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An encoder is made smaller, learned on and predicted with. */
final class ShrinkCommandTest {

  @TempDir
  private Path dir = Path.of("");

  @Test
  void nestedEncoder_loadedInPart_learnsAndPredicts() throws IOException {
    Path small = dir.resolve("small");
    assertTrue(Cli.run("shrink", "--method", "nested", small).succeeded().out().contains("MB of 90"));
    Path csv = Words.csv(dir.resolve("words.csv"));
    Path store = dir.resolve("store");
    Cli.run("learn", "--data", csv, "--text", "text", "--label", "label", "--split", "part", "--tasks", 2, "--technique",
        "ncm", "--threads", 2, "--backbone", small + "@15", "--store", store).succeeded();
    assertTrue(Cli.run("predict", "--store", store, "the copper is here").succeeded().out().contains("metal"));
    Cli.run("learn", "--data", csv, "--text", "text", "--label", "label", "--tasks", 2, "--technique", "ncm", "--backbone",
        small + "@1", "--store", dir.resolve("other")).complains(2, "at least", "MB");
    Cli.run("shrink", "--method", "nested", small).complains(2, "small");
  }

  @Test
  void shrink_thatCannotBe_isRefusedInOneLine() throws IOException {
    Path out = dir.resolve("out");
    Cli.run("shrink", "--method", "perp", out).complains(2, "--texts");
    Cli.run("shrink", "--method", "zip", out).complains(2, "bitstack", "zip");
    Cli.run("shrink", "--texts", dir.resolve("none"), out).complains(1, "none");
    Path empty = Files.writeString(dir.resolve("empty"), "\n\n");
    Cli.run("shrink", "--texts", empty, out).complains(2, "texts");
    Cli.run("shrink", "--backbone", "none", out).complains(2, "none");
    assertTrue(Files.notExists(out));
  }
}
