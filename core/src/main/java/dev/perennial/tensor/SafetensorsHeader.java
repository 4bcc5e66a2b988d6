package dev.perennial.tensor;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The header of a safetensors file: where each tensor lies, in the order of the data, and free text about the file.
 *
 * @param entries tensors in the order of their bytes
 * @param metadata the texts under {@code __metadata__}
 */
record SafetensorsHeader(List<Entry> entries, SortedMap<String, String> metadata) {
  static final String METADATA = "__metadata__";

  /** Longest header that the reference reader takes, in bytes. */
  static final int MAX_BYTES = 100_000_000;

  /** Names in the order of their UTF-8 bytes, which is the order of their code points. */
  private static final Comparator<String> BY_UTF8 = Comparator.comparing(s -> s.getBytes(UTF_8), Arrays::compareUnsigned);

  private static final Comparator<Map.Entry<String, TensorData>> DATA_ORDER =
      Comparator.comparing((Map.Entry<String, TensorData> e) -> e.getValue().dtype())
          .reversed()
          .thenComparing(Map.Entry::getKey, BY_UTF8);

  /** Strict JSON as the reference parser reads it; the header's own length bounds names and strings. */
  static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(JsonWriteFeature.WRITE_HEX_UPPER_CASE)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(128)
                  .maxNameLength(MAX_BYTES)
                  .maxStringLength(MAX_BYTES)
                  .build())
          .build();

  /** One tensor: its bytes are {@code [begin, end)} of the data that follows the header. */
  record Entry(String name, Dtype dtype, List<Long> shape, long begin, long end) {}

  /** The header of a file that is to hold these tensors, each right behind the one before. */
  static SafetensorsHeader of(Map<String, TensorData> tensors, Map<String, String> metadata) {
    var entries = new ArrayList<Entry>(tensors.size());
    long offset = 0;
    for (var tensor : tensors.entrySet().stream().sorted(DATA_ORDER).toList()) {
      if (tensor.getKey().equals(METADATA)) {
        throw new IllegalArgumentException("a tensor cannot be called " + METADATA);
      }
      TensorData data = tensor.getValue();
      long end = Math.addExact(offset, data.data().byteSize());
      entries.add(new Entry(tensor.getKey(), data.dtype(), data.shape(), offset, end));
      offset = end;
    }
    return new SafetensorsHeader(entries, new TreeMap<>(metadata));
  }

  /**
   * The header as it stands in a file, without its length: compact JSON, spaces up to a multiple of 8 bytes.
   *
   * @throws IllegalArgumentException if a name or text is not Unicode, or the header is longer than {@link #MAX_BYTES}
   */
  byte[] encode() {
    var text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      write(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (!UTF_8.newEncoder().canEncode(text.getBuffer())) {
      throw new IllegalArgumentException("a tensor's name or a metadata text holds an unpaired surrogate");
    }
    byte[] bytes = text.toString().getBytes(UTF_8);
    if (bytes.length > MAX_BYTES) {
      throw new IllegalArgumentException("the header takes " + bytes.length + " bytes, the limit is " + MAX_BYTES);
    }
    byte[] padded = Arrays.copyOf(bytes, (bytes.length + 7) / 8 * 8);
    Arrays.fill(padded, bytes.length, padded.length, (byte) ' ');
    return padded;
  }

  private void write(JsonGenerator json) throws IOException {
    json.writeStartObject();
    if (!metadata.isEmpty()) {
      json.writeObjectFieldStart(METADATA);
      for (var text : metadata.entrySet()) {
        json.writeStringField(text.getKey(), text.getValue());
      }
      json.writeEndObject();
    }
    for (Entry entry : entries) {
      json.writeObjectFieldStart(entry.name());
      json.writeStringField("dtype", entry.dtype().name());
      json.writeArrayFieldStart("shape");
      for (long size : entry.shape()) {
        json.writeNumber(size);
      }
      json.writeEndArray();
      json.writeArrayFieldStart("data_offsets");
      json.writeNumber(entry.begin());
      json.writeNumber(entry.end());
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndObject();
  }
}
