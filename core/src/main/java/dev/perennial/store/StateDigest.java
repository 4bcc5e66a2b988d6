package dev.perennial.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;

/**
 * The digest of a learner's whole state: equal for equal states, on any machine.
 *
 * <p>SHA-256 over, in this order:
 *
 * <ol>
 *   <li>the text {@code perennial state 1}, then the number of parts;
 *   <li>for each part by name: its name, then the number of its tensors;
 *   <li>for each tensor of the part by name: its name, its type as {@link dev.perennial.tensor.Dtype} spells it, the
 *       number of its dimensions, each dimension, then its bytes, row-major and little-endian.
 * </ol>
 *
 * <p>A number is 8 little-endian bytes; a text is the number of its UTF-8 bytes and then those bytes; names are in the
 * order of their UTF-8 bytes. How parts combine is not digested: it is no state. This definition never changes; another
 * one would start with another text.
 */
public final class StateDigest {
  private static final Comparator<String> BY_UTF8 = Comparator.comparing(s -> s.getBytes(UTF_8), Arrays::compareUnsigned);

  private StateDigest() {}

  /**
   * The digest of a state that has these parts, in any order. O(bytes).
   *
   * @return 64 lower-case hexadecimal digits
   * @throws IllegalArgumentException if two parts have the same name
   */
  public static String of(Collection<StatePart> parts) {
    var byName = new TreeMap<String, StatePart>(BY_UTF8);
    for (StatePart part : parts) {
      if (byName.put(part.name(), part) != null) {
        throw new IllegalArgumentException("two state parts are called " + part.name());
      }
    }
    var digest = new Sha256().text("perennial state 1").number(byName.size());
    for (StatePart part : byName.values()) {
      digest.text(part.name()).number(part.tensors().size());
      var tensors = new TreeMap<String, TensorData>(BY_UTF8);
      tensors.putAll((Map<String, TensorData>) part.tensors());
      tensors.forEach((name, tensor) -> add(digest, name, tensor));
    }
    return digest.hex();
  }

  private static void add(Sha256 digest, String name, TensorData tensor) {
    digest.text(name).text(tensor.dtype().name()).number(tensor.shape().size());
    tensor.shape().forEach(digest::number);
    digest.bytes(tensor.data());
  }
}
