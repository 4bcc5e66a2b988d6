package dev.perennial.backbone;

import dev.perennial.data.Input;
import dev.perennial.tensor.Parameters;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.pytorch.Tensor;

/** A backbone that counts the blocks that batches go through. It does not close the one that it stands before. */
final class CountingBackbone implements Backbone {

  private final Backbone backbone;
  private final AtomicInteger advanced = new AtomicInteger();

  CountingBackbone(Backbone backbone) {
    this.backbone = backbone;
  }

  /** Blocks that batches went through so far. */
  int blocksAdvanced() {
    return advanced.get();
  }

  @Override
  public String name() {
    return backbone.name();
  }

  @Override
  public String digest() {
    return backbone.digest();
  }

  @Override
  public int width() {
    return backbone.width();
  }

  @Override
  public int blocks() {
    return backbone.blocks();
  }

  @Override
  public List<Site> sites() {
    return backbone.sites();
  }

  @Override
  public List<Row> prepare(List<? extends Input> inputs) {
    return backbone.prepare(inputs);
  }

  @Override
  public void initialise(Parameters parameters) {
    backbone.initialise(parameters);
  }

  @Override
  public void close() {
    advanced.set(0);
  }

  @Override
  public Pass pass(List<Row> rows) {
    Pass pass = backbone.pass(rows);
    return new Pass() {
      @Override
      public Tensor start() {
        return pass.start();
      }

      @Override
      public Tensor advance(Tensor state, int from, int to, Adaptation adaptation) {
        advanced.addAndGet(to - from);
        return pass.advance(state, from, to, adaptation);
      }

      @Override
      public Tensor pool(Tensor state) {
        return pass.pool(state);
      }

      @Override
      public float[] cut(float[] state, int row) {
        return pass.cut(state, row);
      }

      @Override
      public Tensor join(float[][] states) {
        return pass.join(states);
      }
    };
  }
}
