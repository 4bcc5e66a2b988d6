package dev.perennial.merge;

import dev.perennial.tensor.CounterRandom;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * The way along the great circle from one change to another.
 *
 * <p>Source: Ken Shoemake, Animating Rotation with Quaternion Curves, SIGGRAPH 1985, as mergekit's {@code slerp}. With
 * theta the angle between the two, each site's weight as one vector,
 *
 * <pre>
 *   d = sin((1 - t) theta) / sin(theta) d_1 + sin(t theta) / sin(theta) d_2
 * </pre>
 *
 * with the lengths that they have. Where {@code |cos(theta)| > 0.9995}, or one is 0, it is {@code (1 - t) d_1 + t d_2}. The
 * first is that of the recipe's {@code base_model}, where it names one, else that of the first model; t from 0 to 1,
 * default 0.5.
 */
final class Slerp implements MergeMethod {

  private static final List<Setting> SETTINGS = List.of(new Setting("t", false, 0.5, 0, 1));
  private static final double NEARLY_ONE_LINE = 0.9995;

  @Override
  public String name() {
    return "slerp";
  }

  @Override
  public List<Setting> settings() {
    return SETTINGS;
  }

  @Override
  public int fewest() {
    return 2;
  }

  @Override
  public int most() {
    return 2;
  }

  @Override
  public boolean ofDifferences() {
    return false;
  }

  @Override
  public Tensor merge(Tensor changes, Numbers numbers, CounterRandom random) {
    Tensor first = changes.get(0);
    Tensor second = changes.get(1);
    double t = numbers.one("t");
    double lengths = Math.sqrt(first.dot(first).item_double()) * Math.sqrt(second.dot(second).item_double());
    double cosine = lengths == 0 ? 1 : first.dot(second).item_double() / lengths;
    if (Math.abs(cosine) > NEARLY_ONE_LINE) {
      return first.mul(new Scalar(1 - t)).add(second.mul(new Scalar(t)));
    }
    double angle = Math.acos(cosine);
    return first.mul(new Scalar(Math.sin((1 - t) * angle) / Math.sin(angle)))
        .add(second.mul(new Scalar(Math.sin(t * angle) / Math.sin(angle))));
  }
}
