package dev.perennial.brick;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.perennial.tensor.TensorData;
import java.lang.foreign.ValueLayout;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;

/**
 * The digest that tells one brick from another: SHA-256 over a line about its layout, then over every tensor, a line with
 * name, type and shape and its bytes, then over the head in the same way.
 */
final class BrickDigest {

  private final MessageDigest sha;

  private BrickDigest(MessageDigest sha) {
    this.sha = sha;
  }

  static String of(SavedBrick brick) {
    try {
      var digest = new BrickDigest(MessageDigest.getInstance("SHA-256"));
      LoraOptions lora = brick.options().lora();
      digest.line(brick.options().brick() + " " + lora.rank() + " " + lora.alpha() + " " + lora.dropout() + " "
          + lora.sites());
      digest.tensors(brick.tensors());
      digest.tensors(brick.fixed());
      brick.head().ifPresent(head -> {
        digest.line(head.kind());
        head.classes().forEach(digest::line);
        digest.tensor("weight", head.weight());
        TensorData bias = head.bias();
        if (bias != null) {
          digest.tensor("bias", bias);
        }
      });
      return HexFormat.of().formatHex(digest.sha.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private void tensors(Map<String, TensorData> tensors) {
    tensors.forEach(this::tensor);
    line("");
  }

  private void tensor(String name, TensorData tensor) {
    line(name + " " + tensor);
    sha.update(tensor.data().toArray(ValueLayout.JAVA_BYTE));
  }

  private void line(String text) {
    sha.update((text + "\n").getBytes(UTF_8));
  }
}
