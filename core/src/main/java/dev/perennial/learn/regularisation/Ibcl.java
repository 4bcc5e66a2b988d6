package dev.perennial.learn.regularisation;

import dev.perennial.UsageException;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.Technique;
import java.util.Arrays;

/** Keeps a distribution of the parameters of each experience, and combines them for any preference without training. */
@Technique(
    name = "ibcl",
    title = "IBCL: Zero-shot Model Generation for Task Trade-offs in Continual Learning",
    source = "arXiv 2305.14782",
    cost = "a training of each prior; keeps two numbers a parameter of each prior and experience")
public final class Ibcl implements Method<Ibcl.Options> {

  /**
   * The options.
   *
   * @param vcl how each posterior is learned
   * @param priors of which each is updated by every experience, 1 to 16; default 2
   * @param priorSpread the deviation of each prior as a multiple of that of the one before, 1 to 100; default 2
   * @param distance a posterior that is nearer to one kept before, in 2-Wasserstein distance, is not kept, at least 0;
   *     default 0, and then all are kept
   * @param preference how much each experience matters, numbers of at least 0 with commas between; later experiences
   *     matter nothing; empty, the default, is the last one learned alone
   * @param models drawn from the region of highest density, of which a prediction is the mean, 0 to 1000; default 0,
   *     which takes the middle of the region
   * @param level probability of that region, above 0 and below 1; default 0.95
   */
  public record Options(
      Vcl.Options vcl, int priors, double priorSpread, double distance, String preference, int models, double level) {

    /** Checks the ranges. */
    public Options {
      require(priors >= 1 && priors <= 16, "priors between 1 and 16", priors);
      require(priorSpread >= 1 && priorSpread <= 100, "a priorSpread between 1 and 100", priorSpread);
      Strength.require("distance", distance);
      require(models >= 0 && models <= 1000, "models between 0 and 1000", models);
      require(level > 0 && level < 1, "a level above 0 and below 1", level);
      parsed(preference);
    }

    private static void require(boolean holds, String expected, Object value) {
      if (!holds) {
        throw new UsageException("expected " + expected + ", got " + value);
      }
    }

    private static double[] parsed(String preference) {
      if (preference.isBlank()) {
        return new double[0];
      }
      double[] weights;
      try {
        weights = Arrays.stream(preference.split(",", -1)).mapToDouble(Double::parseDouble).toArray();
      } catch (NumberFormatException e) {
        throw new UsageException(
            "expected a preference such as 0.5,0.5: a number for each experience, got " + preference, e);
      }
      CredalLearner.requirePreference(weights);
      return weights;
    }

    /** The preference by experience; none for the last one learned alone. */
    double[] preferences() {
      return parsed(preference);
    }
  }

  @Override
  public Options defaults() {
    return new Options(new Vcl().defaults(), 2, 2, 0, "", 0, 0.95);
  }

  @Override
  public CredalLearner learner(Options options, LearnerContext context) {
    return new CredalLearner(options, context);
  }
}
