package dev.perennial.learn.replay;

import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Contrastive losses on features of length 1. */
public final class PrototypeLoss {

  /** What is added to a logit that must not count. */
  private static final double NEVER = -1e9;

  private PrototypeLoss() {}

  /*
   * p_i the prototype of class i over one view, q_i over the other, k classes:
   *   L = - 1/k sum_i log( exp(p_i·q_i / t) / ( sum_j exp(p_i·q_j / t) + sum_{j != i} exp(p_i·p_j / t) ) )
   */
  /** Pulls the prototypes of a class over two views together, and prototypes of other classes apart: a scalar. */
  static Tensor equilibrium(Tensor unit, Tensor view, long[] labels, double temperature) {
    long[] classes = Arrays.stream(labels).distinct().sorted().toArray();
    Tensor members = Tensors.floats(members(labels, classes), classes.length, labels.length);
    Tensor prototypes = torch.normalize(torch.mm(members, unit));
    Tensor others = torch.normalize(torch.mm(members, view));
    var colder = new Scalar(1 / temperature);
    Tensor across = torch.mm(prototypes, others.t()).mul(colder);
    Tensor within = torch.mm(prototypes, prototypes.t()).mul(colder).add(diagonal(classes.length));
    Tensor all = torch.logsumexp(Tensors.concat(1, across, within), 1);
    return all.sub(across.diagonal()).mean();
  }

  private static float[] members(long[] labels, long[] classes) {
    float[] members = new float[classes.length * labels.length];
    for (int row = 0; row < labels.length; row++) {
      members[Arrays.binarySearch(classes, labels[row]) * labels.length + row] = 1;
    }
    return members;
  }

  /*
   * Supervised contrastive learning (arXiv 2004.11362) over both views, 2 n rows:
   *   L = mean over rows i of - 1/|P(i)| sum_{p in P(i)} log( exp(z_i·z_p / t) / sum_{a != i} exp(z_i·z_a / t) )
   * where P(i) are the other rows of i's class.
   */
  /** Pulls rows of a class together, and rows of other classes apart: a scalar. */
  public static Tensor contrast(Tensor unit, Tensor view, long[] labels, double temperature) {
    int rows = 2 * labels.length;
    Tensor all = Tensors.concat(0, unit, view);
    float[] shares = new float[rows * rows];
    for (int i = 0; i < rows; i++) {
      long own = labels[i % labels.length];
      long alike = 2 * Arrays.stream(labels).filter(label -> label == own).count() - 1;
      for (int j = 0; j < rows; j++) {
        shares[i * rows + j] = i != j && labels[j % labels.length] == own ? 1f / alike / rows : 0;
      }
    }
    Tensor likeness = torch.mm(all, all.t()).mul(new Scalar(1 / temperature)).add(diagonal(rows));
    return torch.log_softmax(likeness, 1).mul(Tensors.floats(shares, rows, rows)).sum().neg();
  }

  /** A diagonal that takes what stands on it out of every sum of exponentials. */
  private static Tensor diagonal(int size) {
    return torch.eye(size).mul(new Scalar(NEVER));
  }
}
