package dev.perennial.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TablesTest {

  private static final List<String> HEADER = List.of("id", "text", "label", "split");

  @TempDir Path dir = Path.of("");

  private static TableOptions options(Path... files) {
    return TableOptions.of(List.of(files), "text", "label");
  }

  private static List<String> texts(List<Example> rows) {
    return rows.stream().map(row -> ((Input.Text) row.input()).value()).toList();
  }

  private static List<String> labels(List<Example> rows) {
    return rows.stream().map(Example::label).toList();
  }

  @Test
  void read_labelSeparator_givesRowsSeveralLabels() throws IOException {
    Path file = Files.writeString(dir.resolve("sets.csv"), """
        text,label,split
        one,b; a;b,train
        two,c,train
        three,a;c,test
        four,c;noise,train
        five,noise,train
        six, ; ,train
        """);
    var options = options(file).withSplit("split").withLabelSeparator(";").withDropLabels(List.of("noise"))
        .withMaxBadRows(1);
    var dataset = Tables.read(options, 1);
    assertEquals(List.of(List.of("a", "b"), List.of("c"), List.of("c")),
        dataset.train().stream().map(Example::labels).toList());
    assertEquals(List.of(List.of("a", "c")), dataset.test().stream().map(Example::labels).toList());
    assertEquals(1, dataset.badRows().count());
    var plain = options(file).withSplit("split");
    assertEquals("sets.csv: label 'a;c' occurs among the test rows and not among those to learn; "
        + "give it rows to learn, or drop it",
        TableFixtures.problem(UsageException.class, () -> Tables.read(plain, 1)));
  }

  @Provide
  Arbitrary<List<String>> rows() {
    var cell = Arbitraries.strings().withChars("ab \",;\t\n\r\\'{}[]é#0").ofMaxLength(12).map(s -> s + "😀x");
    var label = Arbitraries.of("007", "7", "a b", "é");
    var split = Arbitraries.of("train", "TEST", "test ", "val", "valid", "validation", "dev", "", "other");
    return Combinators.combine(cell, label, split).as(List::of);
  }

  @Property(tries = 15)
  void read_sameRowsInEveryFormat_givesTheSameDataset(
      @ForAll @Size(max = 20) List<@From("rows") List<String>> generated) throws IOException {
    var all = new ArrayList<List<String>>();
    for (var label : List.of("007", "7", "a b", "é")) {
      all.add(List.of("0", "sure to be learned", label, "train"));
    }
    all.add(List.of("0", "sure to be tested", "7", "test"));
    generated.forEach(row -> all.add(List.of("1", row.get(0), row.get(1), row.get(2))));
    var folder = Files.createTempDirectory("perennial-test-");
    try {
      var files = new ArrayList<Path>();
      files.add(TableFixtures.csv(folder.resolve("t.csv"), HEADER, all));
      files.add(TableFixtures.jsonLines(folder.resolve("t.jsonl"), HEADER, all));
      files.add(TableFixtures.parquet(folder.resolve("t.parquet"), HEADER, all));
      List.copyOf(files).forEach(file -> files.add(TableFixtures.gzip(file)));
      for (var file : files) {
        var read = Tables.read(options(file).withSplit("split"), 1);
        assertEquals(expected(all, "train"), read.train(), file.toString());
        assertEquals(expected(all, "validation"), read.validation(), file.toString());
        assertEquals(expected(all, "test"), read.test(), file.toString());
        assertEquals(Dataset.BadRows.none(all.size()), read.badRows());
      }
    } finally {
      try (var left = Files.list(folder)) {
        for (var file : left.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(folder);
    }
  }

  private static List<Example> expected(List<List<String>> rows, String part) {
    return rows.stream()
        .filter(row -> part.equals(Map.of("TEST", "test", "test", "test", "test ", "test", "val", "validation",
            "valid", "validation", "validation", "validation", "dev", "validation")
            .getOrDefault(row.get(3), "train")))
        .map(row -> Example.of(row.get(1), row.get(2)))
        .toList();
  }

  @Test
  void read_twoFiles_keepsFilesAndRowsInOrder() {
    var one = TableFixtures.write(dir.resolve("one.csv"), "text,label\n\"z, \"\"1\"\"\",a\n\ny,b\n");
    var two = TableFixtures.write(dir.resolve("two.jsonl"), "{\"label\":\"a\",\"text\":\"x\"}\n");
    var read = Tables.read(options(one, two).withHoldOut(0), 1);
    assertEquals(List.of("z, \"1\"", "y", "x"), texts(read.train()));
    assertEquals("one.csv+two.jsonl", read.name());
    assertEquals(List.of("x", "z, \"1\"", "y"), texts(Tables.read(options(two, one).withHoldOut(0), 1).train()));
  }

  @Test
  void read_byteOrderMark_isNoPartOfTheFirstColumn() {
    var csv = TableFixtures.write(dir.resolve("t.csv"), "\uFEFF\"text\",label\nx,a\n");
    assertEquals(List.of("x"), texts(Tables.read(options(csv).withHoldOut(0), 1).train()));
  }

  @Test
  void read_numbersAndBooleansInJson_stayAsWritten() {
    var file = TableFixtures.write(dir.resolve("t.jsonl"),
        "{\"text\": 1.50, \"label\": 1e3, \"rest\": [{\"text\": 2}]}\n\n{\"text\": true, \"label\": \"\\u00e9\"}\n");
    var read = Tables.read(options(file).withHoldOut(0), 1);
    assertEquals(List.of("1.50", "true"), texts(read.train()));
    assertEquals(List.of("1e3", "é"), labels(read.train()));
  }

  @Test
  void read_typedParquetColumns_comeAsText() {
    var file = TableFixtures.parquet(dir.resolve("it [1]*.parquet"),
        "SELECT encode('café') AS text, 7::TINYINT AS label, TIMESTAMPTZ '2024-01-02 03:04:05+00' AS at");
    TableFixtures.parquet(dir.resolve("it 1x.parquet"), "SELECT 'decoy' AS text, 1 AS label, 2 AS at");
    var read = Tables.read(options(file).withOrder("at").withHoldOut(0), 1);
    assertEquals(List.of(new Example(new Input.Text("café"), "7", null, 1704164645.0)), read.train());
  }

  @Test
  void read_quoteInParquetPath_isRead() {
    var file = TableFixtures.parquet(dir.resolve("it's.parquet"), List.of("text", "label"), List.of(List.of("x", "a")));
    assertEquals(List.of("x"), texts(Tables.read(options(file).withHoldOut(0), 1).train()));
  }

  @Test
  void read_manyParquetRows_keepTheirOrder() {
    var file = TableFixtures.parquet(dir.resolve("t.parquet"),
        "SELECT 'row ' || i AS text, i % 3 AS label FROM range(300000) r(i)");
    var texts = texts(Tables.read(options(file).withHoldOut(0), 1).train());
    assertEquals(IntStream.range(0, 300_000).mapToObj(i -> "row " + i).toList(), texts);
  }

  @Test
  void read_taskAndOrderColumns_areInTheExamples() {
    var file = TableFixtures.write(dir.resolve("t.csv"),
        """
        text,label,where,when
        a,x,home,2024-01-02T03:04:05Z
        b,x,away,2024-01-02 05:04:05+02:00
        c,x,home,2024-01-02 03:04:05
        d,x,home,2024-01-02
        e,x,home,-1.5e3
        f,x,home,2024-01-02 03:04:05.25+00
        """);
    var read = Tables.read(options(file).withTask("where").withOrder("when").withHoldOut(0), 1);
    assertEquals(List.of("home", "away", "home", "home", "home", "home"),
        read.train().stream().map(Example::task).toList());
    assertEquals(List.of(1704164645.0, 1704164645.0, 1704164645.0, 1704153600.0, -1500.0, 1704164645.25),
        read.train().stream().map(Example::order).toList());
  }

  @Test
  void read_labelToDrop_leavesItsRowsOutAndCountsThemAsGood() {
    var file = TableFixtures.write(dir.resolve("t.csv"), "text,label\nx,a\n,oos\ny,oos\nz,b\n");
    var read = Tables.read(options(file).withHoldOut(0).withDropLabels(List.of("oos")), 1);
    assertEquals(List.of("a", "b"), labels(read.train()));
    assertEquals(Dataset.BadRows.none(4), read.badRows());
  }

  @Property(tries = 60)
  void read_noSplit_holdsOutTheShareOfEachLabel(
      @ForAll long seed, @ForAll @DoubleRange(max = 0.99) double share,
      @ForAll @Size(min = 1, max = 5) List<@IntRange(min = 1, max = 40) Integer> sizes) {
    var rows = new ArrayList<Example>();
    for (int i = 0; i < 40; i++) {
      for (int label = 0; label < sizes.size(); label++) {
        if (i < sizes.get(label)) {
          rows.add(Example.of("text " + label + " " + i, "label " + label));
        }
      }
    }
    var parts = new Parts(rows, List.of(), List.of()).heldOut(share, seed);
    for (int label = 0; label < sizes.size(); label++) {
      var name = "label " + label;
      int n = sizes.get(label);
      long held = parts.test().stream().filter(row -> row.label().equals(name)).count();
      assertEquals(Math.min(n - 1, Math.round(share * n)), held);
    }
    var both = new HashSet<>(parts.train());
    both.addAll(parts.test());
    assertEquals(new HashSet<>(rows), both);
    assertEquals(rows.size(), parts.train().size() + parts.test().size());
    assertEquals(rows.stream().filter(parts.train()::contains).toList(), parts.train());
    assertEquals(parts, new Parts(rows, List.of(), List.of()).heldOut(share, seed));
  }

  @Test
  void read_noSplit_holdsOutAFifthThatTheSeedDecides() {
    var rows = IntStream.range(0, 100).mapToObj(i -> List.of("text " + i, "label " + i % 4)).toList();
    var file = TableFixtures.csv(dir.resolve("t.csv"), List.of("text", "label"), rows);
    var one = Tables.read(options(file), 1);
    assertEquals(20, one.test().size());
    assertEquals(one, Tables.read(options(file), 1));
    assertNotEquals(one.test(), Tables.read(options(file), 2).test());
    assertFalse(one.train().stream().anyMatch(one.test()::contains));
  }

  @Test
  void read_badRowsAllowed_areLeftOutAndReported() {
    var bytes = "text,label\nx,a\n\"two\nlines\",b\nshort\ncaf\u00e9,c\n  ,a\ny,\nz,b,more\nlast,a".getBytes(
        StandardCharsets.ISO_8859_1);
    var file = TableFixtures.write(dir.resolve("t.csv"), bytes);
    var read = Tables.read(options(file).withHoldOut(0).withMaxBadRows(5), 1);
    assertEquals(List.of("x", "two\nlines", "last"), texts(read.train()));
    assertEquals(5, read.badRows().count());
    assertEquals(8, read.badRows().total());
    assertEquals(file + ":5 (1 columns where the header has 2)", read.badRows().first());
  }

  @Test
  void read_badJsonLinesAllowed_areLeftOutAndReported() {
    var file = TableFixtures.write(dir.resolve("t.jsonl"),
        """
        {"text": "x", "label": "a"}
        {"text": "x", "label":
        [1]
        {"text": "x"}
        {"text": null, "label": "a"}
        {"text": ["x"], "label": "a"}
        {"text": "x", "label": "a"} {}
        {"text": "x", "text": "y", "label": "a"}
        {"text": "\\ud83d", "label": "a"}
        {"text": "y", "label": "b"}
        """);
    var read = Tables.read(options(file).withHoldOut(0).withMaxBadRows(8), 1);
    assertEquals(List.of("x", "y"), texts(read.train()));
    assertEquals(8, read.badRows().count());
    assertTrue(read.badRows().first().startsWith(file + ":2 (not JSON: "), read.badRows().first());
  }
}
