package dev.perennial.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class ParametersTest {

  private Parameters parameters;
  private TensorScope scope;

  @BeforeEach
  void open() {
    LibTorch.load();
    parameters = new Parameters();
    scope = TensorScope.inference();
    parameters.add("a", new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
    parameters.add("b", new float[] {7, 8}, 1, 2);
  }

  @AfterEach
  void close() {
    scope.close();
    parameters.close();
  }

  @Test
  void values_ofAll_lieOneAfterAnother() {
    assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, Tensors.toFloats(parameters.values()));
    assertEquals(List.of("a", "b"), parameters.names());
    assertArrayEquals(new long[] {2, 3}, view("a").shape());
    view("a").mul_(Tensors.floats(new float[] {10}, 1));
    assertArrayEquals(new float[] {10, 20, 30, 40, 50, 60, 7, 8}, Tensors.toFloats(parameters.values()));
  }

  private Tensor view(String name) {
    return parameters.view(parameters.values(), name);
  }

  @Test
  void addRows_lastParameter_keepsEveryOtherPlace() {
    parameters.addRows("b", new float[] {9, 10, 11, 12});
    assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, Tensors.toFloats(parameters.values()));
    assertEquals(3, parameters.rows("b"));
    assertEquals(12, parameters.size());
    assertEquals(List.of("a", "b"), parameters.names());
  }

  @Test
  void addRows_parameterWithoutRows_growsFromNone() {
    parameters.add("c", new float[0], 0, 2);
    parameters.addRows("c", new float[] {1, 2});
    assertEquals(1, parameters.rows("c"));
    assertArrayEquals(new float[] {1, 2}, Tensors.toFloats(view("c")));
  }

  @Test
  void addRows_notTheLastOrNotWholeRows_isRefused() {
    assertThrows(IllegalArgumentException.class, () -> parameters.addRows("a", new float[3]));
    assertThrows(IllegalArgumentException.class, () -> parameters.addRows("b", new float[3]));
    assertThrows(IllegalArgumentException.class, () -> parameters.addRows("c", new float[3]));
    assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, Tensors.toFloats(parameters.values()));
  }

  @Test
  void add_sameNameOrAnotherSize_isRefused() {
    assertThrows(IllegalArgumentException.class, () -> parameters.add("a", new float[1], 1));
    assertThrows(IllegalArgumentException.class, () -> parameters.add("c", new float[5], 2, 3));
  }

  @Test
  void leaves_usedTwice_addToTheirPlacesOfTheFlatGradient() {
    try (var owner = new TensorOwner()) {
      Tensor flat = Tensors.zeros(8);
      Map<String, Tensor> leaves = parameters.leaves(flat, owner);
      for (int i = 1; i <= 2; i++) {
        try (TensorScope training = TensorScope.training()) {
          Tensor a = Objects.requireNonNull(leaves.get("a"));
          a.mul(a).sum().backward();
        }
        assertArrayEquals(
            new float[] {2f * i, 4f * i, 6f * i, 8f * i, 10f * i, 12f * i, 0, 0}, Tensors.toFloats(flat));
      }
      parameters.values().mul_(new Scalar(3));
      assertArrayEquals(new float[] {3, 6, 9, 12, 15, 18},
          Tensors.toFloats(Objects.requireNonNull(leaves.get("a")).detach()));
    }
  }

  @Test
  void restore_stateOfTheSame_isTheSame() {
    try (var other = new Parameters()) {
      other.add("a", new float[6], 2, 3);
      other.add("b", new float[2], 1, 2);
      assertNotEquals(parameters.digest(), other.digest());
      other.restore(parameters.state());
      assertArrayEquals(Tensors.toFloats(parameters.values()), Tensors.toFloats(other.values()));
      assertEquals(parameters.digest(), other.digest());
    }
  }

  @Test
  void restore_otherNamesShapesOrTypes_areRefused() {
    Map<String, TensorData> state = new HashMap<>(parameters.state());
    state.remove("b");
    assertThrows(FailureException.class, () -> parameters.restore(state));
    state.put("b", TensorData.of(new float[2], 2));
    assertThrows(FailureException.class, () -> parameters.restore(state));
    state.put("b", TensorData.of(new double[2], 1, 2));
    assertThrows(FailureException.class, () -> parameters.restore(state));
    state.put("b", TensorData.of(new float[] {70, 80}, 1, 2));
    parameters.restore(state);
    assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6, 70, 80}, Tensors.toFloats(parameters.values()));
  }

  @Test
  void digest_names_areDigestedToo() {
    try (var other = new Parameters()) {
      other.add("a", new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
      other.add("c", new float[] {7, 8}, 1, 2);
      assertNotEquals(parameters.digest(), other.digest());
      assertTrue(other.digest().matches("[0-9a-f]{64}"));
    }
  }
}
