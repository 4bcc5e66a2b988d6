package dev.perennial.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class DeviceTest {

  @ParameterizedTest
  @ValueSource(strings = {"", "gpu", "CUDA", "cuda:", "cuda:-1", "cuda:1000", "cpu:0"})
  void device_noSuchName_isRefused(String name) {
    String message = assertThrows(UsageException.class, () -> new Device(name)).getMessage();
    assertEquals("expected a device cpu, cuda, or cuda:N, got \"" + name + "\"", message);
  }

  @Test
  void require_cuda_isRefusedWhereThereIsNone() {
    Device.CPU.require();
    if (torch.cuda_is_available()) {
      new Device("cuda").require();
      assertThrows(UsageException.class, () -> new Device("cuda:999").require());
    } else {
      String message = "" + assertThrows(UsageException.class, () -> new Device("cuda").require()).getMessage();
      assertTrue(message.contains("got cuda") && message.contains("linux-x86_64-gpu"), message);
    }
  }

  /** On a machine with CUDA this goes there and back; elsewhere it stays. */
  @Test
  void place_thereAndBack_keepsValuesAndGradients() {
    LibTorch.load();
    var device = torch.cuda_is_available() ? new Device("cuda") : Device.CPU;
    try (TensorScope scope = TensorScope.training()) {
      Tensor leaf = Tensors.floats(new float[] {1, 2, 3}, 3).set_requires_grad(true);
      Tensor there = device.place(leaf);
      Tensor product = there.mul(Device.beside(there, Tensors.floats(new float[] {4, 5, 6}, 3)));
      Tensor back = Device.CPU.place(product);
      assertArrayEquals(new float[] {4, 10, 18}, Tensors.toFloats(back));
      back.sum().backward();
      assertArrayEquals(new float[] {4, 5, 6}, Tensors.toFloats(leaf.grad()));
    }
  }
}
