package dev.perennial.tensor;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.perennial.FailureException;
import dev.perennial.tensor.SafetensorsHeader.Entry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the header's JSON and holds it against the rules of the reference parser.
 *
 * <p>Rules, from {@code safetensors/src/tensor.rs}: an object of {@code {name: {dtype, shape, data_offsets: [begin,
 * end]}}} and maybe {@code __metadata__}, text to text; other fields of a tensor are passed over; sorted by offsets, the
 * first tensor begins at 0 and each where the one before ends; product of the shape and its bits do not overflow, are
 * whole bytes, and are the bytes between the offsets. Stricter than it: no duplicate key anywhere, at most
 * {@value #MAX_RANK} dimensions, no size past 2^63 - 1, and a tensor is an object, never an array.
 */
final class SafetensorsHeaderReader {
  /** More dimensions than any tensor library takes; bounds what a hostile shape can make us keep. */
  static final int MAX_RANK = 64;

  private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");

  private final JsonParser json;
  private final String where;

  private SafetensorsHeaderReader(JsonParser json, String where) {
    this.json = json;
    this.where = where;
  }

  /**
   * The header that {@code text} holds. O(n log n) in the number of tensors.
   *
   * @throws FailureException naming {@code where}, the tensor and the rule that it breaks
   */
  static SafetensorsHeader read(String text, String where) {
    try (JsonParser json = SafetensorsHeader.JSON.createParser(text)) {
      SafetensorsHeader header = new SafetensorsHeaderReader(json, where).header();
      checkOffsets(header, where);
      return header;
    } catch (IOException e) {
      String reason = e instanceof JsonProcessingException j ? j.getOriginalMessage() : e.getMessage();
      throw damaged(where, "the header is not the JSON that was expected: " + oneLine(reason), e);
    }
  }

  /** A failure that names the file, what is wrong, and what to do. */
  static FailureException damaged(String where, String problem, @Nullable Throwable cause) {
    String message = where + ": " + problem + "; the file is damaged or not safetensors: get it again from its source";
    return cause == null ? new FailureException(message) : new FailureException(message, cause);
  }

  /** A tensor's name as messages show it: quoted, control characters escaped, cut at 80 characters. */
  static String quote(String name) {
    String shown = name.length() > 80 ? name.substring(0, 80) + "..." : name;
    return '"' + String.valueOf(JsonStringEncoder.getInstance().quoteAsString(shown)) + '"';
  }

  private static String oneLine(@Nullable String message) {
    return CONTROL.matcher(String.valueOf(message)).replaceAll(" ");
  }

  private SafetensorsHeader header() throws IOException {
    if (json.nextToken() != JsonToken.START_OBJECT) {
      throw damaged(where, "expected a header that is a JSON object, found " + token(), null);
    }
    SortedMap<String, String> metadata = new TreeMap<>();
    var entries = new ArrayList<Entry>();
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String name = unicode(json.currentName());
      json.nextToken();
      if (name.equals(SafetensorsHeader.METADATA)) {
        metadata(metadata);
      } else {
        entries.add(entry(name));
      }
    }
    if (json.nextToken() != null) {
      throw damaged(where, "expected nothing behind the header's JSON object, found " + token(), null);
    }
    entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    return new SafetensorsHeader(entries, metadata);
  }

  private void metadata(SortedMap<String, String> metadata) throws IOException {
    if (json.currentToken() == JsonToken.VALUE_NULL) {
      return;
    }
    if (json.currentToken() != JsonToken.START_OBJECT) {
      throw damaged(where, "expected __metadata__ to be an object of texts, found " + token(), null);
    }
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String key = unicode(json.currentName());
      if (json.nextToken() != JsonToken.VALUE_STRING) {
        throw damaged(where, "expected a text under __metadata__ " + quote(key) + ", found " + token(), null);
      }
      metadata.put(key, unicode(json.getText()));
    }
  }

  private Entry entry(String name) throws IOException {
    if (json.currentToken() != JsonToken.START_OBJECT) {
      throw damaged(name, "expected an object of dtype, shape and data_offsets, found " + token());
    }
    Optional<Dtype> dtype = Optional.empty();
    Optional<List<Long>> shape = Optional.empty();
    Optional<List<Long>> offsets = Optional.empty();
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String field = json.currentName();
      json.nextToken();
      switch (field) {
        case "dtype" -> dtype = Optional.of(dtype(name));
        case "shape" -> shape = Optional.of(sizes(name, field, MAX_RANK));
        case "data_offsets" -> offsets = Optional.of(sizes(name, field, 2));
        default -> json.skipChildren();
      }
    }
    List<Long> range = offsets.orElseThrow(() -> damaged(name, "expected data_offsets, found none"));
    if (range.size() != 2) {
      throw damaged(name, "expected data_offsets [begin, end], found " + range);
    }
    return new Entry(
        name,
        dtype.orElseThrow(() -> damaged(name, "expected a dtype, found none")),
        shape.orElseThrow(() -> damaged(name, "expected a shape, found none")),
        range.get(0),
        range.get(1));
  }

  private Dtype dtype(String name) throws IOException {
    if (json.currentToken() == JsonToken.VALUE_STRING) {
      String text = json.getText();
      for (Dtype dtype : Dtype.values()) {
        if (dtype.name().equals(text)) {
          return dtype;
        }
      }
      throw damaged(name, "expected a dtype such as F32, found " + quote(text));
    }
    throw damaged(name, "expected a dtype such as \"F32\", found " + token());
  }

  private List<Long> sizes(String name, String field, int most) throws IOException {
    if (json.currentToken() != JsonToken.START_ARRAY) {
      throw damaged(name, "expected " + field + " to be an array of whole numbers, found " + token());
    }
    var sizes = new ArrayList<Long>();
    while (json.nextToken() != JsonToken.END_ARRAY) {
      if (json.currentToken() != JsonToken.VALUE_NUMBER_INT
          || json.getText().startsWith("-")
          || json.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
        throw damaged(name, "expected whole numbers from 0 to 2^63 - 1 in " + field + ", found " + token());
      }
      if (sizes.size() == most) {
        throw damaged(name, "expected at most " + most + " numbers in " + field + ", found more");
      }
      sizes.add(json.getLongValue());
    }
    return sizes;
  }

  private static void checkOffsets(SafetensorsHeader header, String where) {
    long offset = 0;
    for (Entry entry : header.entries()) {
      String tensor = "tensor " + quote(entry.name()) + ": ";
      if (entry.begin() != offset || entry.end() < offset) {
        String range = "[" + entry.begin() + ", " + entry.end() + "]";
        throw damaged(where, tensor + "expected data_offsets to go on from " + offset + ", found " + range, null);
      }
      long bytes;
      try {
        bytes = TensorData.byteSize(entry.dtype(), entry.shape());
      } catch (IllegalArgumentException e) {
        throw damaged(where, tensor + e.getMessage(), e);
      }
      if (bytes != entry.end() - entry.begin()) {
        String asked = entry.dtype() + " " + entry.shape() + " takes " + bytes + " bytes";
        throw damaged(where, tensor + asked + ", its offsets hold " + (entry.end() - entry.begin()), null);
      }
      offset = entry.end();
    }
  }

  /** The text, once it is known to be Unicode: JSON can spell half a surrogate pair. */
  private String unicode(String text) {
    if (!UTF_8.newEncoder().canEncode(text)) {
      throw damaged(where, "expected Unicode text, found an unpaired surrogate in " + quote(text), null);
    }
    return text;
  }

  private FailureException damaged(String tensor, String problem) {
    return damaged(where, "tensor " + quote(tensor) + ": " + problem, null);
  }

  private String token() throws IOException {
    if (json.currentToken() == null) {
      return "nothing";
    }
    String text = json.getText();
    return oneLine(text.length() > 80 ? text.substring(0, 80) + "..." : text);
  }
}
