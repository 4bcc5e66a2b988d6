package dev.perennial.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A JSONL file: on each line one JSON object, whose keys are the columns; numbers stay as they are written. */
record JsonLinesFile(Path path) implements TableFile {

  private static final JsonFactory JSON =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  @Override
  public void read(Columns columns, RowSink sink) {
    var names = columns.names();
    var keys = new LinkedHashSet<String>();
    try (var in = SourceFile.openText(path);
        var lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.ISO_8859_1))) {
      var bytes = lines.readLine();
      for (long line = 1; bytes != null; line++, bytes = lines.readLine()) {
        if (bytes.isBlank()) {
          continue;
        }
        var cells = new ArrayList<@Nullable String>(Collections.nCopies(names.size(), null));
        var problem = parse(Utf8.decode(bytes), names, cells, keys);
        if (problem == null) {
          sink.row(path, line, cells);
        } else {
          sink.bad(path, line, problem);
        }
      }
    } catch (IOException e) {
      throw SourceFile.unreadable(path, e);
    }
    if (!keys.isEmpty()) {
      columns.checkPresent(path, keys);
    }
  }

  /** Fills the cells and notes the keys (until every name is among them); what is wrong with the line, or null. */
  private static @Nullable String parse(
      @Nullable String line, List<String> names, List<@Nullable String> cells, Set<String> keys) throws IOException {
    if (line == null) {
      return "bytes that are not UTF-8";
    }
    boolean noteKeys = !keys.containsAll(names);
    try (JsonParser json = JSON.createParser(line)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return "not a JSON object";
      }
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        var name = json.currentName();
        var value = json.nextToken();
        if (noteKeys) {
          keys.add(name);
        }
        int place = names.indexOf(name);
        if (value.isStructStart() && place >= 0) {
          return "a list or an object in column '" + name + "', expected text or a number";
        } else if (value.isStructStart()) {
          json.skipChildren();
        } else if (place >= 0 && value != JsonToken.VALUE_NULL) {
          var cell = json.getText();
          if (!StandardCharsets.UTF_8.newEncoder().canEncode(cell)) {
            return "half a surrogate pair in column '" + name + "', which is no character";
          }
          cells.set(place, cell);
        }
      }
      return json.nextToken() == null ? null : "more than one JSON value on the line";
    } catch (JsonProcessingException e) {
      return "not JSON: " + e.getOriginalMessage().lines().findFirst().orElse("");
    }
  }
}
