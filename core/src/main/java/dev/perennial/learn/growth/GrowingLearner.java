package dev.perennial.learn.growth;

import dev.perennial.backbone.Site;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.grow.Decision;
import dev.perennial.grow.Evidence;
import dev.perennial.grow.Grower;
import dev.perennial.grow.Held;
import dev.perennial.grow.Move;
import dev.perennial.grow.Place;
import dev.perennial.grow.Room;
import dev.perennial.learn.Classes;
import dev.perennial.learn.EpochOrder;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/*
 * An experience:
 *   decide   by the technique's evidence and the budget: reuse, update, add, merge; every move goes to the ledger
 *   learn    the brick, where one learns, under a cosine head that is thrown away
 *   head     the experience's rows into the sums of an analytic head over frozen and routed features
 * The head keeps sums and no rows. What bricks make of old rows changes where bricks are updated or merged, and the sums
 * do not follow; the frozen features in them do not change.
 */
/** A learner that decides, for each experience, what becomes of its bricks, within a budget. */
final class GrowingLearner implements Learner, Growth.Model {

  private static final long INITIAL = 92;
  private static final int HEAD_BATCH = 512;
  private static final String KEYS = "keys";
  private static final String SHELF = "shelf";
  private static final String LIVE = "live";
  private static final String GROWTH = "growth";
  private static final String COUNTERS = "holdings";

  private final GrowthOptions options;
  private final LearnerContext context;
  private final Growth growth;
  private final GatedNetwork network;
  private final Classes classes = new Classes();
  private final Shelf shelf = new Shelf();
  private final Keys keys;
  private final @Nullable RoutedHead head;
  private final Account account;
  private @Nullable Live live;
  private @Nullable EpochOrder order;
  private int serving = -1;
  private int begun = -1;
  private int last = -1;

  GrowingLearner(GrowthOptions options, LearnerContext context, Growth growth) {
    this.options = options;
    this.context = context;
    this.growth = growth;
    this.account = new Account(context.ledger(), context::charge);
    this.network = new GatedNetwork(options, context);
    this.keys = new Keys(context.backbone().width());
    this.head = growth.analytic() ? new RoutedHead(options.analytic(), context) : null;
  }

  @Override
  public long steps(Experience experience) {
    return brickSteps(experience) + EpochOrder.steps(experience.train().size(), HEAD_BATCH);
  }

  private long brickSteps(Experience experience) {
    return options.epochs() * EpochOrder.steps(experience.train().size(), options.batch());
  }

  @Override
  public void step(Experience experience, long step) {
    if (begun != experience.index()) {
      begun = experience.index();
      order = new EpochOrder(context.seed(), begun, options.batch());
      context.register(experience);
    }
    if (step == 0) {
      begin(experience);
    }
    long brickSteps = brickSteps(experience);
    if (step < brickSteps) {
      learnBrick(experience, step, brickSteps);
    } else {
      learnHead(experience, step - brickSteps);
    }
  }

  private void begin(Experience experience) {
    int known = classes.size();
    int added = classes.add(experience.classes());
    last = experience.index();
    RoutedHead analytic = head;
    long columns = analytic == null ? 0 : analytic.columns(added);
    account.charge(experience, "class keys", 0, Keys.bytes(added, context.backbone().width()));
    if (analytic != null) {
      account.charge(experience, "analytic head columns", columns);
      account.charge(experience, "analytic statistics", 0, analytic.statisticsBytes(added));
      analytic.grow(known + added);
    }
    keys.grow(known + added);
    List<Input> inputs = inputs(experience.train());
    var rows = new Rows(experience, network.frozen(inputs), classes.indicesOf(experience.train()));
    long[] own = experience.classes().stream().mapToLong(classes::indexOf).toArray();
    Evidence evidence = shelf.size() == 0 ? null : growth.evidence(rows, this);
    long rowNumbers = (long) own.length * context.backbone().width();
    int learns = decide(experience, evidence, rowNumbers, added);
    boolean fresh = learns >= 0 && shelf.rows(learns) == 0;
    keys.add(rows.frozen(), rows.labels(), serving);
    growth.begin(rows, this, learns, fresh);
    if (learns >= 0) {
      account.charge(experience, "head rows", rowNumbers);
      Parameters parameters = layOut(learns, own);
      live = new Live(learns, own, parameters, options.optimisation().of(parameters.size()));
    }
    settle(experience);
  }

  /** Does what is decided, and returns the number of the brick that learns, or -1. */
  private int decide(Experience experience, @Nullable Evidence evidence, long rowNumbers, int added) {
    long size = network.sites().stream().mapToLong(site -> (long) options.rank() * (site.in() + site.out())).sum();
    Room room = account.room(
        options.bricks(), rowNumbers + growth.newNumbers(added), growth.newBytes(size));
    var held = new ArrayList<Held>();
    for (int brick = 0; brick < shelf.size(); brick++) {
      held.add(new Held(shelf.name(brick), shelf.numbers(brick), keys.centre(brick)));
    }
    int learns = -1;
    for (Move move : Grower.moves(evidence, new Place(options.sites(), options.rank(), size), room, held)) {
      note(experience, move);
      switch (move.decision()) {
        case REUSE -> serving = move.brick();
        case UPDATE -> {
          serving = move.brick();
          learns = serving;
        }
        case ADD -> {
          account.charge(experience, "brick", size);
          serving = shelf.add(beginning());
          learns = serving;
        }
        case MERGE -> merge(move);
      }
    }
    return learns;
  }

  private void note(Experience experience, Move move) {
    boolean held = move.brick() >= 0 && move.decision() != Decision.ADD;
    account.note(experience, held ? shelf.name(move.brick()) : move.place().site(), move);
  }

  private void merge(Move move) {
    long before = shelf.numbers();
    shelf.merge(move.brick(), move.other(), network.sites(), options.rank(), options.scale());
    keys.merged(move.brick(), move.other());
    growth.merged(move.brick(), move.other());
    account.free(before - shelf.numbers());
  }

  private Map<String, Tensor> beginning() {
    Map<String, Tensor> given = growth.beginning(this);
    return given.isEmpty()
        ? network.beginning(options.rank(), CounterRandom.of(context.seed(), INITIAL, last))
        : given;
  }

  /** What learns: the brick as it is, what the technique adds, and a row of the head for each of these classes. */
  private Parameters layOut(int brick, long[] own) {
    var parameters = new Parameters();
    shelf.of(brick).forEach((name, view) -> parameters.add(name, Tensors.toFloats(view), view.shape()));
    growth.addTo(parameters, this);
    Tensor means = torch.normalize(Tensors.rows(keys.sums(), own)).to(torch.ScalarType.Float);
    parameters.add(Live.HEAD, Tensors.toFloats(means), means.shape());
    return parameters;
  }

  private void learnBrick(Experience experience, long step, long steps) {
    Live learning = live;
    if (learning == null) {
      return;
    }
    if (order == null) {
      throw new IllegalStateException("step 0 of an experience comes first");
    }
    List<Example> batch = order.batch(experience.train(), step);
    List<Input> inputs = inputs(batch);
    var rows = new Rows(experience, network.frozen(inputs), classes.indicesOf(batch));
    Tensor others = torch.normalize(keys.sums()).to(torch.ScalarType.Float);
    Parameters parameters = learning.parameters();
    var acting = new GatedBricks(growth, this, rows.frozen(), null, learning.brick());
    Tensor gradient = network.gradient(parameters, inputs, acting,
        (features, tensors, positions) -> {
          Tensor loss = learning.loss(features, tensors, rows.labels(), positions, others)
              .div(new Scalar((double) batch.size()));
          // What is asked of all rows together is asked of the worker that has the first of them.
          boolean first = LongStream.of(positions).anyMatch(position -> position == 0);
          Tensor more = first ? growth.loss(rows, tensors, this) : null;
          return more == null ? loss : loss.add(more);
        });
    learning.optimiser().step(parameters.values(), gradient, options.optimisation().rateAt(step, steps));
    growth.stepped(parameters, gradient, this);
    if (step == steps - 1) {
      finish(experience, learning);
    }
  }

  private void finish(Experience experience, Live learning) {
    growth.learned(experience, learning.parameters(), learning.brick(), learning.classes(), this);
    var tensors = new LinkedHashMap<String, Tensor>();
    for (String name : shelf.of(learning.brick()).keySet()) {
      tensors.put(name, learning.parameters().view(learning.parameters().values(), name));
    }
    shelf.put(learning.brick(), tensors, experience.train().size());
    learning.close();
    live = null;
    long rowNumbers = (long) learning.classes().length * context.backbone().width();
    account.free(rowNumbers);
    settle(experience);
  }

  private void learnHead(Experience experience, long step) {
    RoutedHead analytic = head;
    int start = Math.toIntExact(step * HEAD_BATCH);
    int end = Math.min(start + HEAD_BATCH, experience.train().size());
    boolean whole = end == experience.train().size();
    if (analytic != null) {
      List<Example> batch = experience.train().subList(start, end);
      List<Input> inputs = inputs(batch);
      Tensor gates = shelf.size() == 0
          ? Tensors.zeros(inputs.size(), 0)
          : growth.learningGates(network.frozen(inputs), serving, this);
      analytic.add(inputs, features(inputs, gates), classes.indicesOf(batch));
      if (whole) {
        analytic.solve();
      }
    }
    if (whole) {
      long before = shelf.numbers();
      growth.ended(experience, this);
      account.free(before - shelf.numbers());
      settle(experience);
    }
  }

  @Override
  public Tensor features(List<? extends Input> inputs, Tensor gates) {
    return shelf.size() == 0
        ? network.frozen(inputs)
        : network.features(inputs, new GatedBricks(growth, this, gates, gates, -1), Map.of());
  }

  @Override
  public Tensor scores(List<? extends Input> inputs, Tensor gates) {
    return Objects.requireNonNull(head).scores(inputs, features(inputs, gates));
  }

  @Override
  public GrowthOptions options() {
    return options;
  }

  @Override
  public Keys keys() {
    return keys;
  }

  @Override
  public Shelf shelf() {
    return shelf;
  }

  @Override
  public GatedNetwork network() {
    return network;
  }

  private static List<Input> inputs(List<Example> rows) {
    return rows.stream().map(Example::input).toList();
  }

  /** Holds what the technique keeps now. */
  private void settle(Experience experience) {
    Footprint now = footprint();
    account.settle(experience, "routing", now.trainableParameters(), now.addedBytes() + now.memoryBytes());
  }

  @Override
  public List<String> classNames() {
    return classes.names();
  }

  @Override
  public Tensor scores(List<? extends Input> inputs) {
    if (inputs.isEmpty() || classes.size() == 0) {
      return Tensors.zeros(inputs.size(), classes.size());
    }
    return shelf.size() == 0 && head != null
        ? scores(inputs, Tensors.zeros(inputs.size(), 0))
        : growth.scores(inputs, classes.size(), this);
  }

  @Override
  public List<StatePart> state() {
    var parts = new ArrayList<StatePart>();
    parts.add(LearnerState.origin(context.backbone(), last));
    parts.add(classes.state());
    parts.add(StatePart.of(KEYS, Combine.LATEST, keys.state()));
    parts.add(StatePart.of(SHELF, Combine.LATEST, shelf.state()));
    parts.add(StatePart.of(LIVE, Combine.LATEST, live == null ? Map.of() : live.state()));
    parts.add(StatePart.of(GROWTH, Combine.LATEST, growth.state()));
    parts.add(StatePart.of(COUNTERS, Combine.LATEST, Map.of("account", TensorData.of(account.state(), 4),
        "serving", TensorData.of(new long[] {serving}, 1))));
    if (head != null) {
      parts.addAll(head.state());
    }
    return parts;
  }

  @Override
  public void restore(Map<String, StatePart> state, List<Experience> past) {
    last = LearnerState.requireOrigin(state, context.backbone());
    past.forEach(context::register);
    classes.restore(state);
    keys.restore(LearnerState.part(state, KEYS));
    shelf.restore(LearnerState.part(state, SHELF), network.sites());
    growth.restore(LearnerState.part(state, GROWTH));
    StatePart counters = LearnerState.part(state, COUNTERS);
    account.restore(counters.tensor("account").longs());
    serving = (int) counters.tensor("serving").longs()[0];
    if (head != null) {
      head.restore(state, classes.size());
    }
    StatePart learning = LearnerState.part(state, LIVE);
    if (!learning.tensors().isEmpty()) {
      try (TensorScope scope = TensorScope.inference()) {
        long[] brick = learning.tensor("counters").longs();
        long[] own = learning.tensor("classes").longs();
        Parameters parameters = layOut((int) brick[0], own);
        parameters.restore(Live.values(learning));
        live = new Live((int) brick[0], own, parameters,
            options.optimisation().of(parameters.size(), learning, brick[1]));
      }
    }
  }

  @Override
  public Footprint footprint() {
    Live learning = live;
    long rowNumbers = learning == null ? 0 : (long) learning.classes().length * context.backbone().width();
    long all = shelf.numbers() + growth.parameters() + rowNumbers + (head == null ? 0 : head.parameters());
    return new Footprint(all, all * Float.BYTES,
        keys.bytes() + growth.memoryBytes() + (head == null ? 0 : head.memoryBytes()));
  }

  @Override
  public List<BrickInfo> bricks() {
    var infos = new ArrayList<BrickInfo>();
    if (classes.size() == 0) {
      return infos;
    }
    List<String> sites = network.sites().stream().map(Site::name).toList();
    var names = new ArrayList<String>();
    for (int brick = 0; brick < shelf.size(); brick++) {
      names.add(shelf.name(brick));
      infos.add(new BrickInfo(shelf.name(brick), "lora", shelf.numbers(brick), sites, context.origin().learnedUpTo(last)));
    }
    long rest = footprint().trainableParameters() - shelf.numbers();
    infos.add(new BrickInfo("head", head == null ? "routed-heads" : "analytic-head", rest, List.of(),
        context.origin().learnedUpTo(last).withParents(names.toArray(new String[0]))));
    return infos;
  }

  @Override
  public Optional<SavedBrick> saved(String name) {
    for (int brick = 0; brick < shelf.size() && network.inside(); brick++) {
      int number = brick;
      boolean plain = network.sites().stream().allMatch(site -> shelf.rank(number, site) == options.rank());
      if (shelf.name(brick).equals(name) && plain) {
        var tensors = new HashMap<String, TensorData>();
        shelf.of(brick).forEach((tensor, view) ->
            tensors.put(tensor, TensorData.of(Tensors.toFloats(view), view.shape())));
        return Optional.of(SavedBrick.of(BrickOptions.of(options.lora()), tensors, Map.of(), null,
            context.origin().learnedUpTo(last)));
      }
    }
    return Optional.empty();
  }

  @Override
  public void close() {
    if (live != null) {
      live.close();
    }
    if (head != null) {
      head.close();
    }
    growth.close();
    shelf.close();
    keys.close();
  }
}
