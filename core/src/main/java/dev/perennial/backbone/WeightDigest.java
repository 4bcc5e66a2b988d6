package dev.perennial.backbone;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.perennial.tensor.Tensors;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;

/**
 * The digest that tells one backbone from another: SHA-256 over a line about what is done with the weights, then over
 * the weights in the order of their names, each as name, shape and float32 bytes.
 *
 * <p>It does not depend on the file that they came from.
 */
final class WeightDigest {

  private WeightDigest() {}

  /**
   * Computes it. O(bytes).
   *
   * @param use what the features depend on beside the weights
   * @param weights float32, contiguous
   * @return hexadecimal
   */
  static String of(String use, Map<String, Tensor> weights) {
    MessageDigest sha;
    try {
      sha = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    sha.update((use + "\n").getBytes(UTF_8));
    new TreeMap<>(weights).forEach((name, tensor) -> {
      sha.update((name + Arrays.toString(tensor.shape()) + "\n").getBytes(UTF_8));
      sha.update(Tensors.view(tensor).data().asByteBuffer());
    });
    return HexFormat.of().formatHex(sha.digest());
  }
}
