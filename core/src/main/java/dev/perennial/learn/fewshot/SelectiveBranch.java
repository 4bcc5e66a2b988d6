package dev.perennial.learn.fewshot;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/*
 * One branch of the projector (arXiv 2407.06136), on a sequence x of places:
 *   u = silu(in x + place)       z = gate x
 *   step = softplus(rise (fall u) + bias)       write = W u       read = R u       A = -exp(rates)
 *   y = scan of u from the first place on, plus scan of u from the last place back
 *   output = out mean over places of (y * silu(z))
 * The gate starts at 0, so that a new branch changes nothing.
 */
/** The selective scan of a sequence of features, and the layers before and behind it. */
final class SelectiveBranch {

  private static final String IN = "in";
  private static final String PLACE = "place";
  private static final String GATE = "gate";
  private static final String FALL = "fall";
  private static final String RISE = "rise";
  private static final String BIAS = "bias";
  private static final String WRITE = "write";
  private static final String READ = "read";
  private static final String RATES = "rates";
  private static final String SKIP = "skip";
  private static final String OUT = "out";

  /** Width of the waist that steps come through, at most: an eighth of the channels. */
  private static final int WAIST = 8;

  private SelectiveBranch() {}

  /**
   * What came of a batch.
   *
   * @param output {@code [rows, places * width]}
   * @param steps {@code [rows, places, channels]}
   * @param writes {@code [rows, places, states]}
   * @param reads {@code [rows, places, states]}
   */
  record Scanned(Tensor output, Tensor steps, Tensor writes, Tensor reads) {}

  /** Adds the parameters of a branch at their initial values. */
  static void initialise(Parameters parameters, int places, int width, int channels, int states, CounterRandom random) {
    int waist = Math.max(1, channels / WAIST);
    parameters.add(IN, uniform(random, 0, channels, width), channels, width);
    parameters.add(PLACE, uniform(random, 1, places, channels), places, channels);
    parameters.add(GATE, new float[channels * width], channels, width);
    parameters.add(FALL, uniform(random, 2, waist, channels), waist, channels);
    parameters.add(RISE, uniform(random, 3, channels, waist), channels, waist);
    parameters.add(BIAS, new float[channels], channels);
    parameters.add(WRITE, uniform(random, 4, states, channels), states, channels);
    parameters.add(READ, uniform(random, 5, states, channels), states, channels);
    float[] rates = new float[channels * states];
    float[] skip = new float[channels];
    for (int i = 0; i < rates.length; i++) {
      rates[i] = (float) Math.log(1 + i % states);
      skip[i / states] = 1;
    }
    parameters.add(RATES, rates, channels, states);
    parameters.add(SKIP, skip, channels);
    parameters.add(OUT, uniform(random, 6, places * width, channels), places * width, channels);
  }

  private static float[] uniform(CounterRandom random, int use, int rows, int inputs) {
    float[] values = new float[rows * inputs];
    double bound = 1 / Math.sqrt(inputs);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) ((2 * random.uniform(((long) use << 32) + i) - 1) * bound);
    }
    return values;
  }

  /** Sends sequences, {@code [rows, places, width]}, through the branch whose parameters are given by name. */
  static Scanned of(Tensor sequences, Map<String, Tensor> parameters) {
    Tensor u = torch.silu(linear(sequences, parameters, IN).add(named(parameters, PLACE)));
    Tensor z = linear(sequences, parameters, GATE);
    Tensor steps = torch.softplus(
        linear(linear(u, parameters, FALL), parameters, RISE).add(named(parameters, BIAS)));
    Tensor writes = linear(u, parameters, WRITE);
    Tensor reads = linear(u, parameters, READ);
    Tensor decay = torch.exp(named(parameters, RATES)).neg();
    Tensor skip = named(parameters, SKIP);
    Tensor onward = SelectiveScan.of(u, steps, decay, writes, reads, skip);
    Tensor back = SelectiveScan.of(flip(u), flip(steps), decay, flip(writes), flip(reads), skip);
    Tensor gated = onward.add(flip(back)).mul(torch.silu(z));
    return new Scanned(linear(gated.mean(1), parameters, OUT), steps, writes, reads);
  }

  private static Tensor flip(Tensor sequences) {
    return sequences.flip(1);
  }

  private static Tensor linear(Tensor input, Map<String, Tensor> parameters, String name) {
    return torch.linear(input, named(parameters, name), new TensorOptional());
  }

  private static Tensor named(Map<String, Tensor> parameters, String name) {
    return Objects.requireNonNull(parameters.get(name), name);
  }
}
