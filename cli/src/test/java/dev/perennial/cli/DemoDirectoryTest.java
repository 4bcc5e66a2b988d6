package dev.perennial.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.store.Store;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a new demo replaces, and what it leaves alone. */
final class DemoDirectoryTest {

  @TempDir Path dir;

  private DemoDirectory demo() throws IOException {
    var demo = new DemoDirectory(Files.createDirectories(dir.resolve("demo")));
    Store.create(demo.store(), "{}").close();
    Store.create(demo.fineTuneStore(), "{}").close();
    Files.writeString(demo.store().resolve("blobs").resolve("0a.safetensors"), "weights");
    Files.writeString(demo.path().resolve("result.json"), "[]");
    Files.writeString(demo.path().resolve("report.html"), "<html>");
    return demo;
  }

  @Test
  void clear_earlierDemo_isEmptyAfterwards() throws IOException {
    DemoDirectory demo = demo();
    demo.clear(false);
    try (var left = Files.list(demo.path())) {
      assertEquals(0, left.count());
    }
    demo.clear(false);
    new DemoDirectory(dir.resolve("not there")).clear(false);
    assertFalse(Files.exists(dir.resolve("not there")));
  }

  @Test
  void clear_demoThatWasStopped_isEmptyAfterwards() throws IOException {
    DemoDirectory demo = demo();
    Files.delete(demo.path().resolve("result.json"));
    Files.delete(demo.path().resolve("report.html"));
    demo.clear(false);
    assertFalse(Files.exists(demo.store()));
  }

  @Test
  void clear_directoryOfSomethingElse_isRefusedAndLeftAsItWas() throws IOException {
    Path mine = Files.writeString(dir.resolve("thesis.tex"), "years");
    var before = Cli.snapshot(dir);
    var refusal = assertThrows(UsageException.class, () -> new DemoDirectory(dir).clear(false));
    assertTrue(String.valueOf(refusal.getMessage()).contains("thesis.tex"), refusal.getMessage());
    Cli.run("demo", "--out", dir).complains(2, dir.toString(), "thesis.tex", "--force");
    Cli.run("demo", "--out", mine).complains(2, "--out", "is a file");
    assertEquals(before, Cli.snapshot(dir));
  }

  @Test
  void clear_storeNamedLikeOursThatIsNone_isRefused() throws IOException {
    Path store = Files.createDirectories(dir.resolve("demo/store"));
    Files.writeString(store.resolve("oranges.txt"), "12");
    assertThrows(UsageException.class, () -> new DemoDirectory(dir.resolve("demo")).clear(false));
    assertTrue(Files.exists(store.resolve("oranges.txt")));
  }

  @Test
  void clear_force_removesOurFilesOnly() throws IOException {
    DemoDirectory demo = demo();
    Path mine = Files.writeString(demo.path().resolve("notes.txt"), "mine");
    assertThrows(UsageException.class, () -> demo.clear(false));
    assertTrue(Files.exists(demo.store().resolve("perennial.db")));
    demo.clear(true);
    assertFalse(Files.exists(demo.store()));
    assertFalse(Files.exists(demo.path().resolve("result.json")));
    assertEquals("mine", Files.readString(mine));
  }

  @Test
  void clear_strangeFileInAStore_survives() throws IOException {
    DemoDirectory demo = demo();
    Path mine = Files.writeString(demo.store().resolve("mine.txt"), "mine");
    assertThrows(FailureException.class, () -> demo.clear(true));
    assertEquals("mine", Files.readString(mine));
  }
}
