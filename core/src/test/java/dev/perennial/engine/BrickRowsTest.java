package dev.perennial.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.perennial.brick.Provenance;
import dev.perennial.brick.library.Library;
import dev.perennial.learn.Learner.BrickInfo;
import dev.perennial.measure.BrickRow;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How reports name what was done to bricks. */
final class BrickRowsTest {

  @ParameterizedTest
  @CsvSource({
    "ties, a b, 0-4, '', merged by ties", "nested, a@1, 0-4, 4, shrunk to 4 bits", "bitstack, a@1, 0, '', shrunk by bitstack",
    "prune 2:4, a@1, '', '', pruned to 2:4", "rollback, a@1 a@2, '', '', rolled back", "imported, '', '', '', imported",
    "ultraedit, a, '', '', edited by ultraedit", "mhr-mu, a b, '', '', 'routed skills, by mhr-mu'",
    "fine-tune, '', 0-4, '', learned by fine-tune up to experience 5", "lora, '', 0, '', learned by lora up to experience 1",
    "lora, '', sometime, '', learned by lora", "unheard-of, a, '', '', made by unheard-of"})
  void made_technique_isToldInWords(String technique, String parents, String on, String bits, String words) {
    var recipe = new TreeMap<>(bits.isEmpty() ? Map.<String, String>of() : Map.of("bits", bits));
    var provenance = new Provenance("", 0, technique, "", parents.isEmpty() ? List.of() : List.of(parents.split(" ")), "", on,
        recipe);
    assertEquals(words, BrickRows.made(provenance));
  }

  @Test
  void learned_brickAndItsHead_givesTheAccuracyToTheLast() {
    Provenance provenance = new Provenance("", 0, "fine-tune", "", List.of(), "", "0-4");
    List<BrickRow> rows = BrickRows.learned(List.of(
        new BrickInfo("brick", "lora", 10, List.of(), provenance),
        new BrickInfo("head", "linear-head", 5, List.of(), provenance.withParents("brick"))),
        "fine-tune", OptionalDouble.of(0.5));
    assertEquals(List.of(OptionalDouble.empty(), OptionalDouble.of(0.5)), rows.stream().map(BrickRow::accuracy).toList());
    assertEquals("experiences 1 to 5", rows.getFirst().trainedOn());
    assertEquals(List.of("brick"), rows.getLast().parents());
  }

  @Test
  void library_damagedVersion_isListedAsThat(@TempDir Path root) throws Exception {
    Files.createDirectories(root.resolve("good"));
    Files.writeString(Files.createDirectories(root.resolve("good@10")).resolve("brick.safetensors"), "no brick");
    Files.writeString(Files.createDirectories(root.resolve("good@2")).resolve("brick.safetensors"), "no brick");
    Files.writeString(root.resolve("good").resolve("brick.safetensors"), "no brick");
    List<BrickRow> rows = BrickRows.library(new Library(root), List.of());
    assertEquals(List.of("good@1", "good@2", "good@10"), rows.stream().map(BrickRow::name).toList());
    assertEquals(List.of(false, false, true), rows.stream().map(BrickRow::current).toList());
    assertEquals("cannot be read", rows.getFirst().made());
  }
}
