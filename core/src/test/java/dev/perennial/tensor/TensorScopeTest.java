package dev.perennial.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

final class TensorScopeTest {

  @BeforeAll
  static void load() {
    LibTorch.load();
  }

  @Test
  void close_freesWhatWasMadeAndNotKept() {
    try (var owner = new TensorOwner()) {
      Tensor left;
      Tensor kept;
      try (TensorScope scope = TensorScope.inference()) {
        left = Tensors.zeros(10);
        kept = owner.keep(Tensors.floats(new float[] {1, 2}, 2));
      }
      assertTrue(left.isNull());
      assertFalse(kept.isNull());
      assertEquals(8, owner.bytes());
      try (TensorScope scope = TensorScope.inference()) {
        assertArrayEquals(new float[] {1, 2}, Tensors.toFloats(kept));
      }
      owner.release(kept);
      assertTrue(kept.isNull());
      assertEquals(0, owner.bytes());
      assertThrows(IllegalArgumentException.class, () -> owner.release(kept));
    }
  }

  @Test
  void replace_freesTheOldAndKeepsTheNew() {
    try (var owner = new TensorOwner(); TensorScope outer = TensorScope.inference()) {
      Tensor old;
      Tensor current;
      try (TensorScope scope = TensorScope.inference()) {
        old = owner.keep(Tensors.zeros(3));
      }
      try (TensorScope scope = TensorScope.inference()) {
        current = owner.replace(old, Tensors.zeros(5));
      }
      assertTrue(old.isNull());
      assertEquals(20, owner.bytes());
      owner.close();
      assertTrue(current.isNull());
    }
  }

  @Test
  void leave_tensorOfAnInnerScope_livesAsLongAsTheOuter() {
    Tensor left;
    try (TensorScope outer = TensorScope.inference()) {
      try (TensorScope inner = TensorScope.inference()) {
        left = inner.leave(Tensors.floats(new float[] {4}, 1));
      }
      assertArrayEquals(new float[] {4}, Tensors.toFloats(left));
    }
    assertTrue(left.isNull());
  }

  @Test
  void leave_withoutAnOuterScope_isRefused() {
    try (TensorScope only = TensorScope.inference()) {
      Tensor tensor = Tensors.zeros(1);
      assertThrows(IllegalStateException.class, () -> only.leave(tensor));
    }
  }

  @Test
  void close_nestedScopes_bringBackTheModeThatWas() {
    boolean before = GradMode.is_enabled();
    try (TensorScope training = TensorScope.training()) {
      assertTrue(GradMode.is_enabled());
      try (TensorScope inference = TensorScope.inference()) {
        assertFalse(GradMode.is_enabled());
      }
      assertTrue(GradMode.is_enabled());
    }
    assertEquals(before, GradMode.is_enabled());
  }

  @Test
  void keep_resultWithGradients_isCutOffFromWhatMadeIt() {
    try (var owner = new TensorOwner()) {
      Tensor kept;
      try (TensorScope training = TensorScope.training()) {
        Tensor leaf = Tensors.floats(new float[] {3}, 1).set_requires_grad(true);
        kept = owner.keep(leaf.mul(leaf));
      }
      assertFalse(kept.requires_grad());
      try (TensorScope scope = TensorScope.inference()) {
        assertArrayEquals(new float[] {9}, Tensors.toFloats(kept));
      }
    }
  }
}
