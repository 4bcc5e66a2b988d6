package dev.perennial.learn.auto;

import dev.perennial.FailureException;
import dev.perennial.budget.Placement;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.TreeMap;

/**
 * The candidate of {@code auto} that is in charge in a state that was kept: for those who go on with that one alone, without a
 * learner.
 *
 * @param name of the technique, {@code g-acil} or {@code latent-replay}; the names of its parts begin with {@link
 *     #prefix()}
 * @param others that are still compared with it; none once one was chosen
 * @param part of the state that says so
 */
public record InCharge(String name, List<String> others, StatePart part) {

  /** The name of that part. */
  public static final String PART = "auto";

  private static final String IN = "in";

  /** Copies the list. */
  public InCharge {
    others = List.copyOf(others);
  }

  /**
   * Reads the part.
   *
   * @throws FailureException if it is damaged, or of other candidates
   */
  public static InCharge of(StatePart part) {
    long[] in = part.tensor(IN).longs();
    int number = (int) part.tensor("counters").longs()[0];
    List<String> names = Auto.CANDIDATES;
    if (in.length != names.size() || number < 0 || number >= in.length || in[number] != 1) {
      throw new FailureException("expected the state of auto to name one of " + String.join(" and ", names)
          + " that is in, found number " + number + " of " + in.length + ": the state is damaged");
    }
    var others = new ArrayList<String>();
    for (int i = 0; i < in.length; i++) {
      if (in[i] == 1 && i != number) {
        others.add(names.get(i));
      }
    }
    return new InCharge(names.get(number), others, part);
  }

  /** What the names of its parts begin with. */
  public String prefix() {
    return prefix(name);
  }

  static String prefix(String candidate) {
    return candidate + "/";
  }

  /** Whether it has a brick under its head. */
  public boolean isAdapted() {
    return name.equals(Auto.ADAPTED);
  }

  /** The same with all others out: what is to be kept when they have not learned what this one has. */
  public InCharge alone() {
    long[] in = new long[Auto.CANDIDATES.size()];
    in[Auto.CANDIDATES.indexOf(name)] = 1;
    var tensors = new TreeMap<>(Collections.unmodifiableMap(part.tensors()));
    tensors.put(IN, TensorData.of(in, in.length));
    return new InCharge(name, List.of(), StatePart.of(PART, part.combine(), tensors));
  }

  /**
   * That another one is out, as a ledger notes it.
   *
   * @param experience that was learned last, from 0
   * @param why this one is kept: {@code "as rows come while it is served"}
   */
  public Placement out(String other, int experience, String why) {
    int own = Auto.CANDIDATES.indexOf(name);
    int its = Auto.CANDIDATES.indexOf(other);
    var evidence = new Evidence(Auto.CANDIDATES.size(), part.tensor("evidence").longs());
    return new Placement("technique " + other, 0, 0, evidence.gain(its, own), experience, 0,
        "out, " + why + ", and " + name + " is in charge, " + evidence.of(own, its));
  }
}
