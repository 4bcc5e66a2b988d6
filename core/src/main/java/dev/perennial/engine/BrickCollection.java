package dev.perennial.engine;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.backbone.RowChoices;
import dev.perennial.brick.Brick;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Input;
import dev.perennial.route.Mixture;
import dev.perennial.route.SiteRouter;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;

/**
 * The bricks of a collection in memory, in alphabetical order, ready to act on texts: each row of a batch with a brick of
 * its own, or all of them mixed by a router. A brick with a linear head names classes.
 *
 * <p>Texts are batched by length, 32 at a time, and batches are shared out among workers.
 */
public final class BrickCollection implements AutoCloseable {

  private static final int BATCH = 32;

  private final Backbone backbone;
  private final Workers workers;
  private final List<String> names;
  private final List<SavedBrick> saved;
  private final TensorOwner owner = new TensorOwner();
  private final List<Mixture.Expert> experts = new ArrayList<>();
  private final List<Optional<LinearScores>> heads = new ArrayList<>();
  private final RowChoices choices;

  /**
   * What a router made of a text.
   *
   * @param shares the weight of each brick, from 0 to 1, mean over sites and tokens
   * @param label the class that the heads of all bricks together name on the features of the mixture; empty where bricks
   *     have no heads, or did not act
   */
  public record Mixed(double[] shares, String label) {}

  /**
   * Copies the bricks.
   *
   * @throws UsageException if there is none, or one acts on tokens
   */
  public BrickCollection(Backbone backbone, Workers workers, SortedMap<String, SavedBrick> bricks) {
    if (bricks.isEmpty()) {
      throw new UsageException("expected bricks to route among, got none");
    }
    this.backbone = backbone;
    this.workers = workers;
    this.names = List.copyOf(bricks.keySet());
    this.saved = List.copyOf(bricks.values());
    try (TensorScope scope = TensorScope.inference()) {
      for (SavedBrick brick : saved) {
        Brick layout = brick.on(backbone);
        var tensors = new HashMap<String, Tensor>();
        brick.tensors().forEach((name, data) -> tensors.put(name, owner.keep(Tensors.copyOf(data))));
        experts.add(new Mixture.Expert(layout, tensors));
        heads.add(brick.head().filter(head -> head.kind().equals("linear-head"))
            .map(head -> LinearScores.of(head).keptBy(owner)));
      }
      choices = new RowChoices(experts.stream()
          .map(expert -> expert.brick().adaptation(expert.tensors()).forPass()).toList()).keptBy(owner);
    } catch (RuntimeException e) {
      owner.close();
      throw e;
    }
  }

  /** The backbone of all of them. */
  public Backbone backbone() {
    return backbone;
  }

  /** Their names: the columns of weights. */
  public List<String> names() {
    return names;
  }

  /** The bricks with their tensors, good for as long as this is open. */
  public List<Mixture.Expert> experts() {
    return List.copyOf(experts);
  }

  /** A brick as it was given. */
  public SavedBrick saved(int brick) {
    return saved.get(brick);
  }

  /** The classes of a brick's head; none where it has no linear one. */
  public List<String> classes(int brick) {
    return heads.get(brick).isEmpty() ? List.of() : saved.get(brick).head().orElseThrow().classes();
  }

  /** The classes of all heads, brick by brick: the columns of {@link #logits}. */
  List<String> classes() {
    var classes = new ArrayList<String>();
    for (int brick = 0; brick < names.size(); brick++) {
      classes.addAll(classes(brick));
    }
    return classes;
  }

  /** What all heads make of features, {@code [rows, classes]}. */
  Tensor logits(Tensor features) {
    return Tensors.concat(1, heads.stream().flatMap(Optional::stream).map(head -> head.of(features)).toArray(Tensor[]::new));
  }

  /**
   * The class that the head of each text's own brick names.
   *
   * @param bricks for each text, the place of its brick
   * @throws UsageException if a brick has no linear head
   */
  public List<String> classify(List<String> texts, int... bricks) {
    return batched(texts, batch -> {
      int[] own = batch.places.stream().mapToInt(place -> bricks[place]).toArray();
      Tensor features = features(batch.rows, choices.of(own));
      var labels = new ArrayList<String>();
      for (int row = 0; row < own.length; row++) {
        int brick = own[row];
        LinearScores head = heads.get(brick).orElseThrow(() -> new UsageException("expected a brick with the linear head"
            + " that it was learned with, to name a class, got " + names.get(brick) + ": leave it out of the library, or"
            + " ask for no classes"));
        labels.add(classes(brick).get(head.of(features.narrow(0, row, 1)).argmax().item_int()));
      }
      return labels;
    });
  }

  /** The weights of a router that looks at what sites are given by the backbone alone, while no brick acts. */
  public List<Mixed> listen(List<String> texts, SiteRouter router) {
    return batched(texts, batch -> {
      var shares = new Shares(router, batch.rows, names.size());
      features(batch.rows, shares.listening());
      return mixed(shares.means(), List.of());
    });
  }

  /** The weights of a router while the bricks act with them, and the class that comes of the mixture. */
  public List<Mixed> mix(List<String> texts, SiteRouter router) {
    List<String> classes = classes();
    return batched(texts, batch -> {
      var shares = new Shares(router, batch.rows, names.size());
      Tensor features = features(batch.rows, Mixture.bySite(experts, shares));
      List<String> labels = new ArrayList<>();
      if (!classes.isEmpty()) {
        for (long place : Tensors.toLongs(logits(features).argmax(new LongOptional(1), false))) {
          labels.add(classes.get((int) place));
        }
      }
      return mixed(shares.means(), labels);
    });
  }

  private static List<Mixed> mixed(double[][] shares, List<String> labels) {
    var mixed = new ArrayList<Mixed>();
    for (int row = 0; row < shares.length; row++) {
      mixed.add(new Mixed(shares[row], labels.isEmpty() ? "" : labels.get(row)));
    }
    return mixed;
  }

  /** The features of rows with bricks acting, {@code [rows, width]}, in the open scope. */
  Tensor features(List<Row> rows, Adaptation adaptation) {
    Pass pass = backbone.pass(rows);
    Adaptation once = adaptation.forPass();
    return pass.pool(pass.advance(pass.start(once), 0, backbone.blocks(), once));
  }

  /**
   * The features of texts with the backbone alone, of its last blocks side by side, the last one's last.
   *
   * @param levels how many blocks, from 1 to all of them
   * @return for each text {@code levels * width} numbers
   */
  public List<float[]> features(List<String> texts, int levels) {
    return batched(texts, batch -> {
      float[] flat = Tensors.toFloats(levels(backbone, batch.rows, levels));
      int width = flat.length / batch.rows.size();
      var parts = new ArrayList<float[]>();
      for (int row = 0; row < batch.rows.size(); row++) {
        parts.add(Arrays.copyOfRange(flat, row * width, (row + 1) * width));
      }
      return parts;
    });
  }

  /** The features that the last blocks give of rows, {@code [rows, levels * width]}, in the open scope. */
  static Tensor levels(Backbone backbone, List<Row> rows, int levels) {
    Pass pass = backbone.pass(rows);
    int blocks = backbone.blocks();
    int used = Math.min(levels, blocks);
    Tensor state = pass.advance(pass.start(), 0, blocks - used + 1, Adaptation.NONE);
    Tensor[] pooled = new Tensor[used];
    for (int level = 0; level < used; level++) {
      state = level == 0 ? state : pass.advance(state, blocks - used + level, blocks - used + level + 1, Adaptation.NONE);
      pooled[level] = pass.pool(state);
    }
    return Tensors.concat(1, pooled);
  }

  /** Rows that go through the backbone together, and their places among the texts. */
  private record Batch(List<Row> rows, List<Integer> places) {}

  private <T> List<T> batched(List<String> texts, Function<Batch, List<T>> work) {
    List<Row> rows = backbone.prepare(texts.stream().map(Input.Text::new).toList());
    var order = new ArrayList<Integer>();
    for (int i = 0; i < rows.size(); i++) {
      order.add(i);
    }
    order.sort(Comparator.comparingInt(i -> rows.get(i).length()));
    var tasks = new ArrayList<Callable<Map<Integer, T>>>();
    for (int start = 0; start < order.size(); start += BATCH) {
      List<Integer> places = order.subList(start, Math.min(start + BATCH, order.size()));
      tasks.add(() -> {
        try (TensorScope scope = TensorScope.inference()) {
          List<T> results = work.apply(new Batch(places.stream().map(rows::get).toList(), places));
          var byPlace = new HashMap<Integer, T>();
          for (int i = 0; i < results.size(); i++) {
            byPlace.put(places.get(i), results.get(i));
          }
          return byPlace;
        }
      });
    }
    var all = new HashMap<Integer, T>();
    if (!tasks.isEmpty()) {
      workers.run(tasks).forEach(all::putAll);
    }
    return rows.isEmpty() ? List.of() : IntStream.range(0, rows.size()).mapToObj(all::get).toList();
  }

  /** Frees the bricks. The backbone stays. */
  @Override
  public void close() {
    owner.close();
  }
}
