package dev.perennial.tensor;

import java.util.Iterator;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;

/**
 * A stretch of work after which every native tensor made in it is freed, but for those that were kept.
 *
 * <p>The engine opens one for each step; nothing is left to the garbage collector. Scopes nest, and belong to the
 * thread that opened them. {@link TensorOwner#keep} is the only way out of one.
 */
public final class TensorScope implements AutoCloseable {

  private final boolean computing = Computing.NATIVE.begin();
  private final PointerScope pointers = new PointerScope();
  private final boolean gradientsBefore = GradMode.is_enabled();

  private TensorScope(boolean gradients) {
    GradMode.set_enabled(gradients);
  }

  /** Opens a scope in which gradients are recorded. */
  public static TensorScope training() {
    return new TensorScope(true);
  }

  /** Opens a scope in which no gradient is recorded. */
  public static TensorScope inference() {
    return new TensorScope(false);
  }

  /** Lets {@code tensor}, made in this scope, live on in the scope that was open when this one was opened. */
  public Tensor leave(Tensor tensor) {
    Iterator<PointerScope> scopes = PointerScope.getScopeIterator();
    while (scopes.hasNext()) {
      PointerScope scope = scopes.next();
      if (scope != pointers) {
        scope.attach(tensor);
        return tensor;
      }
    }
    throw new IllegalStateException("a tensor can only leave into an open scope: keep it in a TensorOwner instead");
  }

  /**
   * Lets tensors that are made in scopes opened later, on this thread, live on in the scope that is open now: for what a
   * pass remembers from one block to the next. Where none is open they stay where they are.
   */
  public static UnaryOperator<Tensor> intoOpen() {
    PointerScope open = PointerScope.getInnerScope();
    return tensor -> {
      if (open != null) {
        open.attach(tensor);
      }
      return tensor;
    };
  }

  @Override
  public void close() {
    GradMode.set_enabled(gradientsBefore);
    pointers.close();
    if (computing) {
      Computing.NATIVE.end();
    }
  }
}
