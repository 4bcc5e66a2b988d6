package dev.perennial.shrink;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The header of a packed file, in JSON.
 *
 * @param tensors in the order in which their first parts lie
 * @param order of the parts that can be left out, by tensor
 * @param checksums CRC-32 of every part, in the order of the file
 * @param metadata free texts
 */
record PackedHeader(List<Tensor> tensors, List<String> order, List<Long> checksums, Map<String, String> metadata) {

  private static final long FORMAT = 1;
  private static final int MOST_DIMENSIONS = 16;
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  /** What is told of a tensor. */
  record Tensor(String name, Coding coding, List<Long> shape) {}

  /** A part as it lies in the file: the {@code place}-th of a tensor. */
  record Part(Tensor tensor, int place, long bytes, long checksum) {}

  static PackedHeader of(Packed packed, Map<String, String> metadata, List<Long> checksums) {
    var tensors = new ArrayList<Tensor>();
    packed.tensors().forEach((name, tensor) -> tensors.add(new Tensor(name, tensor.coding(), tensor.shape())));
    return new PackedHeader(tensors, packed.order(), checksums, metadata);
  }

  String text() {
    var places = new HashMap<String, Integer>();
    var listed = new ArrayList<Map<String, Object>>();
    for (Tensor tensor : tensors) {
      var entry = new LinkedHashMap<String, Object>();
      entry.put("name", tensor.name);
      entry.put("shape", tensor.shape);
      entry.put("coding", tensor.coding.name());
      entry.put("settings", new TreeMap<>(tensor.coding.settings()));
      places.put(tensor.name, listed.size());
      listed.add(entry);
    }
    var object = new LinkedHashMap<String, Object>();
    object.put("format", FORMAT);
    object.put("metadata", new TreeMap<>(metadata));
    object.put("tensors", listed);
    object.put("order", order.stream().map(places::get).toList());
    object.put("checksums", checksums);
    try {
      return JSON.writeValueAsString(object);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a header is made of texts and numbers", e);
    }
  }

  /**
   * Reads what {@link #text} wrote.
   *
   * @throws IllegalArgumentException if it is no such header; the message says why
   */
  static PackedHeader parse(String text) throws JsonProcessingException {
    JsonNode json = JSON.readTree(text);
    if (whole(json, "format", Long.MAX_VALUE) != FORMAT) {
      throw new IllegalArgumentException("expected a header of format " + FORMAT + ", found " + json.path("format")
          + ": it was written by a newer version");
    }
    var metadata = new TreeMap<String, String>();
    json.path("metadata").properties().forEach(entry -> metadata.put(entry.getKey(), entry.getValue().asText()));
    var tensors = new ArrayList<Tensor>();
    var names = new HashSet<String>();
    for (JsonNode node : json.path("tensors")) {
      String name = node.path("name").asText();
      if (!names.add(name)) {
        throw new IllegalArgumentException("expected every tensor once, found " + name + " twice");
      }
      try {
        var shape = new ArrayList<Long>();
        for (JsonNode size : node.path("shape")) {
          shape.add(whole(size, "size", Long.MAX_VALUE));
        }
        if (shape.size() > MOST_DIMENSIONS) {
          throw new IllegalArgumentException("expected at most " + MOST_DIMENSIONS + " dimensions, found " + shape.size());
        }
        var settings = new TreeMap<String, Long>();
        node.path("settings").properties().forEach(
            entry -> settings.put(entry.getKey(), whole(entry.getValue(), entry.getKey(), Long.MAX_VALUE)));
        Coding coding = coding(node.path("coding").asText(), settings);
        // The first parts are the largest ones.
        for (int part = 0; part < Math.min(2, coding.most()); part++) {
          if (coding.bytes(shape, part) > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("expected parts of at most 2 GB, found one of " + coding.bytes(shape, part));
          }
        }
        tensors.add(new Tensor(name, coding, List.copyOf(shape)));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("tensor " + name + ": " + e.getMessage(), e);
      }
    }
    var order = new ArrayList<String>();
    var counts = new HashMap<String, Integer>();
    for (JsonNode node : json.path("order")) {
      Tensor tensor = tensors.get((int) whole(node, "place in the order", tensors.size() - 1));
      order.add(tensor.name);
      if (counts.merge(tensor.name, 1, Integer::sum) + tensor.coding.least() > tensor.coding.most()) {
        throw new IllegalArgumentException("expected at most " + tensor.coding.most() + " parts of " + tensor.name
            + ", found more");
      }
    }
    var checksums = new ArrayList<Long>();
    json.path("checksums").forEach(node -> checksums.add(whole(node, "checksum", 0xFFFFFFFFL)));
    long parts = order.size() + tensors.stream().mapToLong(tensor -> tensor.coding.least()).sum();
    if (checksums.size() != parts) {
      throw new IllegalArgumentException("expected a checksum for each of " + parts + " parts, found " + checksums.size());
    }
    return new PackedHeader(tensors, order, checksums, metadata);
  }

  private static Coding coding(String name, Map<String, Long> settings) {
    return switch (name) {
      case PlainCoding.NAME -> PlainCoding.of(settings);
      case BitStack.NAME -> Scaled.of(BitStack.of(settings), settings);
      case NestedBits.NAME -> Scaled.of(NestedBits.of(settings), settings);
      case SparseCoding.NAME -> SparseCoding.of(settings);
      case LowBits.NAME -> Scaled.of(LowBits.of(settings), settings);
      default -> throw new IllegalArgumentException("expected the coding plain, bitstack, nested, sparse or lowbits, found "
          + (name.isEmpty() ? "none" : name));
    };
  }

  private static long whole(JsonNode object, String key, long most) {
    JsonNode node = object.isObject() ? object.path(key) : object;
    if (!node.isIntegralNumber() || !node.canConvertToLong() || node.longValue() < 0 || node.longValue() > most) {
      throw new IllegalArgumentException("expected a whole number " + key + " of 0 to " + most + ", found "
          + (node.isMissingNode() ? "none" : node));
    }
    return node.longValue();
  }

  /** The parts in the order in which they lie in the file, with the sizes that they must have. */
  List<Part> parts() {
    var parts = new ArrayList<Part>();
    var next = new HashMap<String, Integer>();
    var byName = new HashMap<String, Tensor>();
    for (Tensor tensor : tensors) {
      for (int place = 0; place < tensor.coding.least(); place++) {
        parts.add(part(tensor, place, parts.size()));
      }
      next.put(tensor.name, tensor.coding.least());
      byName.put(tensor.name, tensor);
    }
    for (String name : order) {
      Tensor tensor = byName.get(name);
      if (tensor == null) {
        throw new IllegalStateException("the order was checked");
      }
      parts.add(part(tensor, next.merge(name, 1, Integer::sum) - 1, parts.size()));
    }
    return parts;
  }

  private Part part(Tensor tensor, int place, int index) {
    return new Part(tensor, place, tensor.coding.bytes(tensor.shape, place), checksums.get(index));
  }
}
