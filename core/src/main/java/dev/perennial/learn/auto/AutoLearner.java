package dev.perennial.learn.auto;

import dev.perennial.FailureException;
import dev.perennial.brick.SavedBrick;
import dev.perennial.budget.Ledger;
import dev.perennial.budget.OverdrawnException;
import dev.perennial.budget.Placement;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Absorbing;
import dev.perennial.learn.Classes;
import dev.perennial.learn.HeldBack;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** Candidates that learn side by side, until held-back rows have told which one is worth its cost. */
final class AutoLearner implements Absorbing {

  private static final long HELD_BACK = 71;

  private final Auto.Options options;
  private final LearnerContext context;
  private final List<Candidate> candidates;
  private final boolean[] in;
  /** Who was in when the experience that is learned now began. */
  private final boolean[] begunWith;
  private final SharedAccount account;
  private Evidence evidence;
  private boolean firstOnly = true;
  private int inCharge;
  private int begun = -1;
  private int divided = -1;
  private @Nullable HeldBack parts;

  /**
   * One of the techniques to choose from.
   *
   * @param name of the technique
   * @param learner that has learned nothing
   * @param ledger of its own, without limits, that it charges what it takes to
   * @param leastClasses that the first experience must have for it to be of use
   */
  record Candidate(String name, Absorbing learner, Ledger ledger, int leastClasses) {}

  /** @param candidates at least one, the cheapest first */
  AutoLearner(Auto.Options options, LearnerContext context, List<Candidate> candidates) {
    this.options = options;
    this.context = context;
    this.candidates = List.copyOf(candidates);
    in = new boolean[candidates.size()];
    Arrays.fill(in, true);
    begunWith = in.clone();
    evidence = new Evidence(candidates.size());
    account = new SharedAccount(candidates.stream().map(Candidate::ledger).toList(), context);
  }

  /** The experience in two parts where candidates are to be compared on it; null where it is learned as it is. */
  private @Nullable HeldBack parts(Experience experience) {
    if (divided != experience.index()) {
      divided = experience.index();
      boolean[] learning = begun == experience.index() ? begunWith : in;
      HeldBack split = count(learning) < 2
          ? null
          : HeldBack.of(experience, options.heldBack(), CounterRandom.of(context.seed(), HELD_BACK, experience.index()));
      parts = split == null || split.rows().isEmpty() ? null : split;
    }
    return parts;
  }

  private static int count(boolean... flags) {
    int count = 0;
    for (boolean flag : flags) {
      count += flag ? 1 : 0;
    }
    return count;
  }

  @Override
  public long steps(Experience experience) {
    HeldBack split = parts(experience);
    Experience first = split == null ? experience : split.first();
    boolean[] learning = begun == experience.index() ? begunWith : in;
    long steps = split == null ? 0 : 2;
    for (int i = 0; i < learning.length; i++) {
      steps += learning[i] ? candidates.get(i).learner.steps(first) : 0;
    }
    return steps;
  }

  @Override
  public void step(Experience experience, long step) {
    if (step == 0) {
      divided = -1;
      begun = experience.index();
      System.arraycopy(in, 0, begunWith, 0, in.length);
      context.register(experience);
      begin(experience);
    }
    HeldBack split = parts(experience);
    Experience first = split == null ? experience : split.first();
    long left = step;
    for (int i = 0; i < begunWith.length; i++) {
      long own = begunWith[i] ? candidates.get(i).learner.steps(first) : 0;
      if (left < own) {
        step(i, first, left, step);
        return;
      }
      left -= own;
    }
    if (split == null || left > 1) {
      throw new IllegalArgumentException("experience " + experience.index() + " has no step " + step);
    }
    if (left == 1) {
      absorb(split.rows());
    } else if (count(in) > 1) {
      compare(split, step);
    }
  }

  /** Ends what need not be gone on with. */
  private void begin(Experience experience) {
    long classes = experience.index() > 0 ? Long.MAX_VALUE : experience.train().stream().map(Example::label).distinct().count();
    for (int i = 0; i < in.length; i++) {
      if (in[i] && i != inCharge && classes < candidates.get(i).leastClasses) {
        out(i, experience.index(), 0, "out: the first experience has one class, and it needs "
            + candidates.get(i).leastClasses + " to adapt itself to");
      } else if (in[i] && i != inCharge && experience.index() >= options.experiences()) {
        out(i, experience.index(), 0, "out, as " + candidates.get(inCharge).name + " is in charge after " + experience.index()
            + " experiences, " + evidence.of(inCharge, i));
      }
    }
  }

  @Override
  public void absorb(List<Example> rows) {
    for (int i = 0; i < in.length; i++) {
      if (in[i]) {
        candidates.get(i).learner.absorb(rows);
      }
    }
    pay(Math.max(0, begun), 0);
  }

  private void step(int candidate, Experience experience, long own, long step) {
    if (!in[candidate]) {
      return;
    }
    candidates.get(candidate).learner.step(experience, own);
    pay(experience.index(), step);
  }

  /** Pays for what those that are in hold; where the budget does not allow all of them, the dearer are out. */
  private void pay(int experience, long step) {
    while (true) {
      try {
        account.pay(in, names(), experience);
        return;
      } catch (OverdrawnException e) {
        int dearest = in.length - 1;
        while (dearest >= 0 && (!in[dearest] || dearest == inCharge)) {
          dearest--;
        }
        if (dearest < 0) {
          throw e;
        }
        out(dearest, experience, step, "out: " + e.getMessage());
      }
    }
  }

  private String names() {
    return IntStream.range(0, in.length).filter(i -> in[i]).mapToObj(i -> candidates.get(i).name)
        .collect(Collectors.joining(" and "));
  }

  /** The cheapest that is in. */
  private int first() {
    int first = 0;
    while (!in[first]) {
      first++;
    }
    return first;
  }

  private void compare(HeldBack split, long step) {
    if (firstOnly && split.first().index() > 0) {
      evidence = new Evidence(in.length);
    }
    firstOnly = split.first().index() == 0;
    boolean[][] right = new boolean[split.rows().size()][in.length];
    for (int i = 0; i < in.length; i++) {
      if (in[i]) {
        mark(right, i, split.rows());
      }
    }
    for (boolean[] row : right) {
      evidence.add(row);
    }
    int before = inCharge;
    inCharge = first();
    for (int dearer = inCharge + 1; dearer < in.length; dearer++) {
      if (in[dearer] && evidence.gain(dearer, inCharge) > options.leastGain()) {
        inCharge = dearer;
      }
    }
    for (int other = 0; other < in.length; other++) {
      if (in[other] && other != inCharge) {
        String seen = evidence.of(inCharge, other);
        if (inCharge != before && other == before) {
          note(inCharge, split.first().index(), step, "takes over from " + candidates.get(before).name + ": " + seen);
        }
        if (!firstOnly && evidence.isBetter(inCharge, other, options.deviations())) {
          out(other, split.first().index(), step, "out, behind " + candidates.get(inCharge).name + ", " + seen);
        } else if (!firstOnly && evidence.rows() >= options.enough()) {
          out(other, split.first().index(), step, "out, as " + candidates.get(inCharge).name + " is in charge after enough rows, "
              + seen);
        }
      }
    }
  }

  private void mark(boolean[][] right, int candidate, List<Example> rows) {
    Learner learner = candidates.get(candidate).learner;
    List<String> classes = learner.classNames();
    Tensor scores = learner.scores(rows.stream().map(Example::input).toList());
    long[] best = Tensors.toLongs(scores.argmax(new LongOptional(1), false));
    for (int row = 0; row < best.length; row++) {
      String named = classes.get((int) best[row]);
      Example example = rows.get(row);
      right[row][candidate] = named.equals(example.label()) || example.labels().contains(named);
    }
  }

  private void out(int candidate, int experience, long step, String why) {
    note(candidate, experience, step, why);
    in[candidate] = false;
    candidates.get(candidate).learner.close();
  }

  private void note(int candidate, int experience, long step, String why) {
    Candidate subject = candidates.get(candidate);
    context.ledger().place(new Placement("technique " + subject.name, 0,
        subject.learner.footprint().trainableParameters(),
        evidence.gain(candidate, candidate == inCharge ? first() : inCharge), experience, step, why));
  }

  /** The rows of a step of a candidate; of the step that absorbs, those that were held back. */
  @Override
  public List<Example> rows(Experience experience, long step) {
    HeldBack split = parts(experience);
    Experience first = split == null ? experience : split.first();
    boolean[] learning = begun == experience.index() ? begunWith : in;
    long left = step;
    for (int i = 0; i < learning.length; i++) {
      long own = learning[i] ? candidates.get(i).learner.steps(first) : 0;
      if (left < own) {
        return candidates.get(i).learner.rows(first, left);
      }
      left -= own;
    }
    return split == null ? List.of() : split.rows();
  }

  private Learner chosen() {
    return candidates.get(inCharge).learner;
  }

  @Override
  public List<String> classNames() {
    return chosen().classNames();
  }

  @Override
  public Tensor scores(List<? extends Input> inputs) {
    return chosen().scores(inputs);
  }

  @Override
  public List<StatePart> state() {
    var parts = new ArrayList<StatePart>();
    parts.add(StatePart.of(InCharge.PART, Combine.LATEST, Map.of(
        "evidence", TensorData.of(evidence.numbers(), in.length * in.length + 1L),
        "in", TensorData.of(numbers(in), in.length),
        "begunWith", TensorData.of(numbers(begunWith), in.length),
        "counters", TensorData.of(new long[] {inCharge, begun, firstOnly ? 1 : 0}, 3),
        "account", TensorData.of(account.numbers(), 2 * in.length + 2L))));
    // As in the state of any learner, for those who look at states alone.
    var classes = new Classes();
    classes.add(classNames());
    parts.add(classes.state());
    for (int i = 0; i < in.length; i++) {
      if (in[i]) {
        parts.addAll(LearnerState.prefixed(prefix(i), candidates.get(i).learner.state()));
      }
    }
    return parts;
  }

  @Override
  public Set<String> partial() {
    var names = new TreeSet<String>();
    for (int i = 0; i < in.length; i++) {
      String prefix = prefix(i);
      candidates.get(i).learner.partial().forEach(name -> names.add(prefix + name));
    }
    return names;
  }

  @Override
  public boolean scoresNeed(String part) {
    for (int i = 0; i < in.length; i++) {
      if (part.startsWith(prefix(i))) {
        return candidates.get(i).learner.scoresNeed(part.substring(prefix(i).length()));
      }
    }
    return true;
  }

  private String prefix(int candidate) {
    return InCharge.prefix(candidates.get(candidate).name);
  }

  private static long[] numbers(boolean... flags) {
    long[] numbers = new long[flags.length];
    for (int i = 0; i < flags.length; i++) {
      numbers[i] = flags[i] ? 1 : 0;
    }
    return numbers;
  }

  @Override
  public void restore(Map<String, StatePart> state, List<Experience> past) {
    StatePart own = LearnerState.part(state, InCharge.PART);
    long[] wasIn = longs(own, "in", in.length);
    long[] hadBegun = longs(own, "begunWith", in.length);
    evidence = new Evidence(in.length, longs(own, "evidence", in.length * in.length + 1));
    long[] counters = longs(own, "counters", 3);
    inCharge = (int) counters[0];
    begun = (int) counters[1];
    firstOnly = counters[2] == 1;
    // States that were written before there was an account have none.
    if (own.tensors().containsKey("account")) {
      account.restore(longs(own, "account", 2 * in.length + 2));
    }
    past.forEach(context::register);
    for (int i = 0; i < in.length; i++) {
      in[i] = wasIn[i] == 1;
      begunWith[i] = hadBegun[i] == 1;
      if (in[i]) {
        Map<String, StatePart> parts = LearnerState.under(prefix(i), state);
        if (parts.isEmpty()) {
          throw new FailureException("expected what " + candidates.get(i).name + " has learned in the state of auto, found none: it"
              + " was learned by an earlier version, which had other candidates; learn again, or use that version");
        }
        candidates.get(i).learner.restore(parts, past);
      } else {
        candidates.get(i).learner.close();
      }
    }
    if (inCharge < 0 || inCharge >= in.length || !in[inCharge]) {
      throw new FailureException("expected the state of auto to name a candidate that is in, found number " + inCharge
          + ": the state is damaged");
    }
  }

  private static long[] longs(StatePart part, String name, int length) {
    long[] numbers = part.tensor(name).longs();
    if (numbers.length != length) {
      throw new FailureException("expected " + length + " numbers " + name + " in the state of auto, found "
          + numbers.length + ": the state belongs to other candidates");
    }
    return numbers;
  }

  /** What the chosen one adds; all that the others hold counts as memory. */
  @Override
  public Footprint footprint() {
    Footprint chosen = chosen().footprint();
    long others = 0;
    for (int i = 0; i < in.length; i++) {
      if (in[i] && i != inCharge) {
        Footprint other = candidates.get(i).learner.footprint();
        others += other.addedBytes() + other.memoryBytes();
      }
    }
    return new Footprint(chosen.trainableParameters(), chosen.addedBytes(), chosen.memoryBytes() + others);
  }

  @Override
  public List<BrickInfo> bricks() {
    return chosen().bricks();
  }

  @Override
  public Optional<SavedBrick> saved(String name) {
    return chosen().saved(name);
  }

  @Override
  public void close() {
    for (int i = 0; i < in.length; i++) {
      if (in[i]) {
        candidates.get(i).learner.close();
      }
    }
  }
}
