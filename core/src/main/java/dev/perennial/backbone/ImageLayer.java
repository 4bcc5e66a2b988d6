package dev.perennial.backbone;

import org.bytedeco.pytorch.Tensor;

/** A layer of a network for images. */
sealed interface ImageLayer permits DenseLayer, ConvLayer {

  /** What is trained. */
  DrawnWeights weights();

  /** Numbers that it gives for a row. */
  int out();

  /** From {@code [rows, in]} to {@code [rows, out]}, both contiguous. */
  Tensor forward(Tensor input, Adaptation adaptation);
}
