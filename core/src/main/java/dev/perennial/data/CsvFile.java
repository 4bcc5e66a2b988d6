package dev.perennial.data;

import dev.perennial.UsageException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.apache.commons.csv.CSVException;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.jspecify.annotations.Nullable;

/**
 * A CSV file as in RFC 4180: commas, double quotes, a header line, UTF-8.
 *
 * <p>Where the quoting breaks, nobody can say where the next row starts, so that ends the reading whatever number of
 * bad rows is allowed.
 */
record CsvFile(Path path) implements TableFile {

  private static final String BROKEN_QUOTING =
      ": the quoting of this row breaks, so the rows after it cannot be told apart; close each quoted cell, "
          + "double the quotes inside it, and have a comma or the end of the line follow it";

  @Override
  public void read(Columns columns, RowSink sink) {
    long line = 1;
    try (var in = SourceFile.openText(path);
        var parser = CSVParser.parse(new InputStreamReader(in, StandardCharsets.ISO_8859_1), CSVFormat.RFC4180)) {
      Iterator<CSVRecord> records = parser.iterator();
      if (!records.hasNext()) {
        throw new UsageException(path + " is empty: expected a header with the columns " + columns.described());
      }
      var header = header(records.next());
      int[] places = columns.find(path, header);
      line = parser.getCurrentLineNumber() + 1;
      while (records.hasNext()) {
        var csvRecord = records.next();
        if (csvRecord.size() != 1 || !csvRecord.get(0).isEmpty()) {
          row(line, csvRecord, header, places, sink);
        }
        line = parser.getCurrentLineNumber() + 1;
      }
    } catch (UncheckedIOException e) {
      throw e.getCause() instanceof CSVException quoting
          ? new UsageException(path + ":" + line + BROKEN_QUOTING, quoting)
          : SourceFile.unreadable(path, Objects.requireNonNull(e.getCause()));
    } catch (IOException e) {
      throw SourceFile.unreadable(path, e);
    }
  }

  private List<String> header(CSVRecord first) {
    return first.stream().map(bytes -> {
      var name = Utf8.decode(bytes);
      if (name == null) {
        throw new UsageException(path + ":1: the header has bytes that are not UTF-8; save the file as UTF-8");
      }
      return name;
    }).toList();
  }

  private void row(long line, CSVRecord csvRecord, List<String> header, int[] places, RowSink sink) {
    if (csvRecord.size() != header.size()) {
      sink.bad(path, line, "%d columns where the header has %d".formatted(csvRecord.size(), header.size()));
      return;
    }
    var cells = new ArrayList<@Nullable String>(places.length);
    for (int place : places) {
      var cell = Utf8.decode(csvRecord.get(place));
      if (cell == null) {
        sink.bad(path, line, "bytes that are not UTF-8 in column '" + header.get(place) + "'");
        return;
      }
      cells.add(cell);
    }
    sink.row(path, line, cells);
  }
}
