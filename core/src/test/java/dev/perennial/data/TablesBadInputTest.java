package dev.perennial.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is wrong is told in one line, with the file and what to do. */
final class TablesBadInputTest {

  @TempDir Path dir = Path.of("");

  private String refused(Path file, UnaryOperator<TableOptions> change) {
    return TableFixtures.problem(UsageException.class,
        () -> Tables.read(change.apply(TableOptions.of(List.of(file), "text", "label")), 1));
  }

  private String refused(String name, String content) {
    return refused(TableFixtures.write(dir.resolve(name), content), options -> options);
  }

  @Test
  void read_missingFile_saysSo() {
    var file = dir.resolve("none.csv");
    assertEquals("no such file: " + file + "; check the path given with --data", refused(file, o -> o));
  }

  @Test
  void read_directory_saysSo() {
    assertEquals(dir + " is a directory, expected a file: name the files in it with --data", refused(dir, o -> o));
  }

  @Test
  void read_unknownExtension_namesThoseKnown() {
    assertEquals(
        dir.resolve("t.xlsx")
            + ": expected a name that ends in .csv, .jsonl or .parquet, with or without .gz; convert or rename it",
        refused("t.xlsx", "x"));
  }

  @Test
  void read_emptyFile_saysSo() {
    assertEquals(
        dir.resolve("t.csv") + " is empty: expected rows of a table; check how it was written", refused("t.csv", ""));
  }

  @Test
  void read_emptyInsideGzip_saysSo() {
    var file = TableFixtures.gzip(TableFixtures.write(dir.resolve("t.csv"), ""));
    assertEquals(
        file + " is empty: expected a header with the columns 'text', 'label'", refused(file, o -> o));
    var json = TableFixtures.gzip(TableFixtures.write(dir.resolve("t.jsonl"), "\n"));
    assertEquals(json + " has no rows: expected some with the columns 'text', 'label'", refused(json, o -> o));
  }

  @Test
  void read_headerOnly_saysSo() {
    assertEquals(
        dir.resolve("t.csv") + " has no rows: expected some with the columns 'text', 'label'",
        refused("t.csv", "text,label\n"));
  }

  @Test
  void read_missingColumn_listsColumnsAndTheNearest() {
    var rest = " has no column 'label' (asked for with --label); it has 'id', 'text', 'Labels'; did you mean Labels?";
    assertEquals(dir.resolve("t.csv") + rest, refused("t.csv", "id,text,Labels\n1,x,a\n"));
    assertEquals(
        dir.resolve("t.jsonl") + rest,
        refused("t.jsonl", "{\"id\": 1, \"text\": \"x\"}\n{\"text\": \"y\", \"Labels\": \"a\"}\n"));
    var parquet = TableFixtures.parquet(dir.resolve("t.parquet"), List.of("id", "text", "Labels"), List.of());
    assertEquals(parquet + rest, refused(parquet, o -> o));
  }

  @Test
  void read_secondFileWithoutTheColumn_namesThatFile() {
    var one = TableFixtures.write(dir.resolve("one.csv"), "text,label\nx,a\n");
    var two = TableFixtures.write(dir.resolve("two.csv"), "body,label\nx,a\n");
    var problem = TableFixtures.problem(UsageException.class,
        () -> Tables.read(TableOptions.of(List.of(one, two), "text", "label"), 1));
    assertTrue(problem.startsWith(two + " has no column 'text'"), problem);
  }

  @Test
  void read_columnTwice_saysSo() {
    assertEquals(
        dir.resolve("t.csv") + " has the column 'text' more than once: give each a name of its own",
        refused("t.csv", "text,text,label\nx,y,a\n"));
  }

  @Test
  void read_badRows_countThemAndShowTheFirst() {
    assertEquals(
        "2 of 3 rows cannot be used, the first at " + dir.resolve("t.csv")
            + ":3 (no label: column 'label' is empty); repair them, or leave them out with --max-bad-rows 2",
        refused("t.csv", "text,label\nx,a\ny,\n ,b\n"));
  }

  @Test
  void read_moreBadRowsThanAllowed_isRefused() {
    var file = TableFixtures.write(dir.resolve("t.csv"), "text,label\nx,a\ny,\n,b\n");
    assertTrue(refused(file, o -> o.withMaxBadRows(1)).startsWith("2 of 3 rows cannot be used"));
  }

  @Test
  void read_wrongColumnCount_saysWhere() {
    var problem = refused("t.csv", "text,label\n\"a\nb\",a\n\nx,a,b\n");
    assertTrue(problem.contains(dir.resolve("t.csv") + ":5 (3 columns where the header has 2)"), problem);
  }

  @Test
  void read_notJson_saysWhere() {
    var problem = refused("t.jsonl", "{\"text\": \"x\", \"label\": \"a\"}\n{\"text\"; 1}\n");
    assertTrue(problem.contains(dir.resolve("t.jsonl") + ":2 (not JSON: "), problem);
  }

  @Test
  void read_bytesThatAreNotUtf8_saysWhere() {
    for (var name : List.of("t.csv", "t.jsonl")) {
      var content = name.equals("t.csv")
          ? "text,label\nx,a\ncaf\u00e9,a\n" : "\n{\"text\":\"x\",\"label\":\"a\"}\n{\"text\":\"caf\u00e9\"}\n";
      var file = TableFixtures.write(dir.resolve(name), content.getBytes(StandardCharsets.ISO_8859_1));
      var problem = refused(file, o -> o);
      assertTrue(problem.contains(file + ":3 (bytes that are not UTF-8"), problem);
    }
    var parquet = TableFixtures.parquet(dir.resolve("t.parquet"),
        "SELECT unnest(['x'::BLOB, 'caf\\xE9'::BLOB]) AS text, 'a' AS label");
    var problem = refused(parquet, o -> o);
    assertTrue(problem.contains(parquet + ":2 (bytes that are not UTF-8 in column 'text')"), problem);
  }

  @Test
  void read_brokenQuoting_isRefusedWhateverIsAllowed() {
    for (var row : List.of("\"never closed,a\nz,b\n", "\"clo\"sed,a\nz,b\n")) {
      var file = TableFixtures.write(dir.resolve("t.csv"), "text,label\nx,a\ny,b\n" + row);
      var problem = refused(file, o -> o.withMaxBadRows(100));
      assertTrue(problem.startsWith(file + ":4: the quoting of this row breaks"), problem);
      assertTrue(problem.contains("double the quotes inside it"), problem);
    }
  }

  @Test
  void read_orderNeitherNumberNorTimestamp_saysWhere() {
    var file = TableFixtures.write(dir.resolve("t.csv"), "text,label,when\nx,a,1\ny,a,soon\n");
    var problem = refused(file, o -> o.withOrder("when"));
    assertTrue(
        problem.contains(file + ":3 ('soon' in column 'when' is neither a number nor a timestamp); repair"), problem);
  }

  @Test
  void read_orderNotFinite_isRefused() {
    for (var value : List.of("NaN", "Infinity", "1e999", "2024-13-01", "2024-01-01Tx", "0x10")) {
      var file = TableFixtures.write(dir.resolve("t.csv"), "text,label,when\nx,a," + value + "\n");
      assertTrue(refused(file, o -> o.withOrder("when")).contains(file + ":2 ('" + value), value);
    }
  }

  @Test
  void read_emptyTaskOrOrder_isABadRow() {
    var file = TableFixtures.write(dir.resolve("t.csv"), "text,label,extra\nx,a,1\ny,a,\n");
    assertTrue(refused(file, o -> o.withOrder("extra")).contains(":3 (no order: column 'extra' is empty)"));
    assertTrue(refused(file, o -> o.withTask("extra")).contains(":3 (no task: column 'extra' is empty)"));
  }

  @Test
  void read_labelOnlyInTestOrValidation_namesIt() {
    for (var part : List.of("test", "validation")) {
      var file = TableFixtures.write(dir.resolve("t.csv"),
          "text,label,split\nx,a,train\ny,a,test\nz,new one," + part + "\n");
      assertEquals(
          "t.csv: label 'new one' occurs among the " + part
              + " rows and not among those to learn; give it rows to learn, or drop it",
          refused(file, o -> o.withSplit("split")));
    }
  }

  @Test
  void read_nothingToLearn_saysSo() {
    var file = TableFixtures.write(dir.resolve("t.csv"), "text,label,split\nx,a,val\n,b,train\n");
    assertEquals(
        "t.csv: no row is left to learn (2 read, 1 of them bad, 1 for validation, 0 for test); give rows to learn",
        refused(file, o -> o.withSplit("split").withMaxBadRows(9)));
  }

  @Test
  void read_nothingToTestOn_saysSo() {
    var file = TableFixtures.write(dir.resolve("t.csv"), "text,label,split\nx,a,train\ny,b,train\n");
    assertEquals(
        "t.csv: no row's column 'split' says test; mark some, or leave out --split to hold out a share of each label",
        refused(file, o -> o.withSplit("split")));
    assertTrue(refused(file, o -> o).startsWith("t.csv: no label has rows enough to hold out a share of 0.2; give"));
  }

  @Test
  void read_labelToDropNotThere_saysSo() {
    var file = TableFixtures.write(dir.resolve("t.csv"), "text,label\nx,a\n");
    assertEquals(
        "no row has the label 'oos' that is to be dropped: check how column 'label' spells it",
        refused(file, o -> o.withDropLabels(List.of("oos"))));
  }

  @Test
  void read_notParquet_saysSo() {
    var problem = refused("t.parquet", "text,label\nx,a\n");
    assertTrue(problem.startsWith(dir.resolve("t.parquet") + " cannot be read as Parquet: "), problem);
    assertTrue(problem.endsWith("; write it again"), problem);
  }

  @Test
  void read_nestedParquetColumn_saysSo() {
    for (var value : List.of("['a']", "{'a': 1}", "MAP {'a': 1}")) {
      var file = TableFixtures.parquet(dir.resolve("t.parquet"), "SELECT 'x' AS text, " + value + " AS label");
      var problem = refused(file, o -> o);
      assertTrue(problem.startsWith(file + ": column 'label' holds "), problem);
      assertTrue(problem.endsWith("expected text, numbers or times; name another column, or write it as text"));
    }
  }

  @Test
  void read_gzipBrokenOff_isAFailure() throws IOException {
    for (var name : List.of("t.csv", "t.jsonl", "t.parquet")) {
      var whole = TableFixtures.gzip(TableFixtures.write(dir.resolve(name), "text,label\nx,a\n"));
      var half = Arrays.copyOf(Files.readAllBytes(whole), (int) Files.size(whole) - 9);
      var file = TableFixtures.write(whole, half);
      var problem = TableFixtures.problem(FailureException.class,
          () -> Tables.read(TableOptions.of(List.of(file), "text", "label"), 1));
      assertEquals(
          "cannot read " + file + ": Unexpected end of ZLIB input stream; check that it is whole and may be read",
          problem);
    }
  }

  @Test
  void options_outOfRange_areRefused() {
    var options = TableOptions.of(List.of(Path.of("t.csv")), "text", "label");
    assertEquals(
        "the share to hold out is 0 or more and less than 1, not 1.0",
        TableFixtures.problem(UsageException.class, () -> options.withHoldOut(1)));
    TableFixtures.problem(UsageException.class, () -> options.withHoldOut(Double.NaN));
    assertEquals(
        "--max-bad-rows is 0 or more, not -1",
        TableFixtures.problem(UsageException.class, () -> options.withMaxBadRows(-1)));
    TableFixtures.problem(UsageException.class, () -> TableOptions.of(List.of(), "text", "label"));
    assertEquals(
        "--text and --label both name the column 'a': the text and its label are two columns",
        TableFixtures.problem(UsageException.class, () -> TableOptions.of(options.files(), "a", "a")));
  }
}
