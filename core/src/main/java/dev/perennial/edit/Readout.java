package dev.perennial.edit;

import dev.perennial.brick.SavedBrick;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * How a model says what it sees: the vector that an edit changes, and what that vector says of every class.
 *
 * <p>A classification model has a linear head, and edits change its logits. An embedding model has a cosine head, whose
 * rows are the embeddings of the classes; edits change the embedding of the text.
 */
final class Readout implements AutoCloseable {

  /** What cosines are divided by: the default of heads that are trained. */
  private static final double TEMPERATURE = 0.05;

  private final TensorOwner owner = new TensorOwner();
  private final List<String> classes;
  private final Tensor weight;
  private final Tensor bias;
  private final boolean embedding;

  Readout(SavedBrick.Head head) {
    classes = head.classes();
    try (TensorScope scope = TensorScope.inference()) {
      weight = owner.keep(Tensors.copyOf(head.weight()));
      TensorData offsets = head.bias();
      embedding = offsets == null;
      bias = owner.keep(offsets == null ? Tensors.zeros(classes.size()) : Tensors.copyOf(offsets));
    }
  }

  List<String> classes() {
    return classes;
  }

  /** Whether embeddings are edited, and not logits. */
  boolean embedding() {
    return embedding;
  }

  /** Features of a row. */
  int width() {
    return Math.toIntExact(weight.size(1));
  }

  /** Numbers of the vector that is edited. */
  int outputs() {
    return Math.toIntExact(embedding ? weight.size(1) : weight.size(0));
  }

  /** The vector that is edited, {@code [rows, outputs]}, of features {@code [rows, width]}. */
  Tensor outputs(Tensor features) {
    return embedding ? features : torch.linear(features, weight, new TensorOptional(bias));
  }

  /** {@code [rows, classes]} of {@code [rows, outputs]}. */
  Tensor logits(Tensor outputs) {
    return embedding
        ? torch.mm(torch.normalize(outputs), torch.normalize(weight).t()).div(new Scalar(TEMPERATURE))
        : outputs;
  }

  /** The straight way of every vector to its label: to the class's logit, or to its embedding, {@code [rows, outputs]}. */
  Tensor towards(Tensor outputs, long[] labels) {
    if (!embedding) {
      float[] ones = new float[labels.length * outputs()];
      for (int i = 0; i < labels.length; i++) {
        ones[i * outputs() + (int) labels[i]] = 1;
      }
      return Tensors.floats(ones, labels.length, outputs());
    }
    Tensor lengths = outputs.square().sum(1).sqrt().unsqueeze(1);
    return Tensors.rows(torch.normalize(weight), labels).mul(lengths).sub(outputs);
  }

  /** How large a change of vectors is, {@code [rows, 1]}: the largest number of logits, the length of an embedding. */
  Tensor size(Tensor change) {
    return (embedding ? change.square().sum(1).sqrt() : torch.amax(change, new long[] {1}, false)).unsqueeze(1);
  }

  /** The gradient of every row's own cross-entropy with respect to its vector, {@code [rows, outputs]}. */
  Tensor gradient(Tensor outputs, long[] labels) {
    try (TensorScope scope = TensorScope.training()) {
      Tensor leaf = outputs.detach().clone().set_requires_grad(true);
      Tensor targets = Tensors.longs(labels, labels.length);
      torch.cross_entropy_loss(logits(leaf), targets, new TensorOptional(), 2, -100, 0).backward();
      return scope.leave(leaf.grad().detach());
    }
  }

  @Override
  public void close() {
    owner.close();
  }
}
