package dev.perennial.server.model;

import dev.perennial.server.Answer.Candidate;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** What a head says of features. */
public final class Scoring {

  private Scoring() {}

  /**
   * How much speaks for each class.
   *
   * @param features {@code [rows, features]}, in the open scope
   * @return {@code [rows, classes]}, row by row
   */
  public static float[] scores(Tensor features, HeadSnapshot snapshot) {
    int classes = snapshot.classes().size();
    if (classes == 0) {
      return new float[0];
    }
    return Tensors.toFloats(torch.mm(features, Tensors.floats(snapshot.weights(), features.size(1), classes)));
  }

  /** The best class of each row; empty texts where no class is known. */
  static List<String> best(Tensor features, HeadSnapshot snapshot) {
    int rows = (int) features.size(0);
    int classes = snapshot.classes().size();
    if (classes == 0) {
      return Collections.nCopies(rows, "");
    }
    float[] scores = scores(features, snapshot);
    var best = new ArrayList<String>(rows);
    for (int row = 0; row < rows; row++) {
      best.add(top(scores, row, snapshot.classes(), 1).getFirst().label());
    }
    return best;
  }

  /** The classes of one row that score highest, best first; of equal ones the one that was known first. */
  public static List<Candidate> top(float[] scores, int row, List<String> classes, int top) {
    int width = classes.size();
    int start = row * width;
    var worstFirst = new PriorityQueue<Integer>(
        Comparator.<Integer>comparingDouble(i -> scores[start + i]).thenComparing(Comparator.reverseOrder()));
    for (int i = 0; i < width; i++) {
      worstFirst.add(i);
      if (worstFirst.size() > top) {
        worstFirst.poll();
      }
    }
    var candidates = new ArrayList<Candidate>();
    while (!worstFirst.isEmpty()) {
      int i = worstFirst.remove();
      candidates.add(new Candidate(classes.get(i), scores[start + i]));
    }
    Collections.reverse(candidates);
    return candidates;
  }
}
