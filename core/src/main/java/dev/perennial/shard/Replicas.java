package dev.perennial.shard;

import dev.perennial.UsageException;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Input;
import dev.perennial.learn.Learner;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Exchange;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;

/**
 * A learner that is replicas of one, which share out the rows of every batch: 1, 2, 4 or 8 of them, each on a thread of
 * its own.
 *
 * <p>Every replica goes through the same steps. Of each batch it takes in the rows of its own lanes, gradients and
 * statistics are added up, and each takes the same step: parameters, moments of the optimiser and memories are equal in
 * all replicas, sums are each replica's own. What gradients do is the same to the bit for any number of replicas, since
 * lanes are added in the same order; statistics are sums of each replica's rows and equal up to
 * rounding. Any technique can be learned so whose batches' gradients come from the common trainer, or that says what of
 * its state is {@link Learner#partial}; others learn everything in each replica.
 *
 * <p>Its {@link #state} is the one that a single learner of the same technique has; {@link #shards} is what each replica
 * saves by itself, and any number of replicas opens it.
 */
public final class Replicas implements Learner {

  /** Lanes of a batch, for any number of replicas. */
  public static final int LANES = 8;

  private final List<Learner> learners = new ArrayList<>();
  private final Rendezvous rendezvous;
  private final ExecutorService threads;

  /**
   * Replicas that have learned nothing.
   *
   * @param count 1, 2, 4 or 8
   * @param maker of one replica, for a context with the given exchange; backbones may be shared, caches and workers not
   * @throws UsageException for any other number
   */
  public Replicas(int count, Function<Exchange, Learner> maker) {
    if (count < 1 || count > LANES || LANES % count != 0) {
      throw new UsageException("expected 1, 2, 4 or 8 replicas, got " + count);
    }
    rendezvous = new Rendezvous(count);
    threads = Executors.newFixedThreadPool(count, Thread.ofPlatform().daemon().name("perennial-replica-", 0).factory());
    for (int i = 0; i < count; i++) {
      learners.add(maker.apply(rendezvous.of(i)));
    }
  }

  /** How many there are. */
  public int count() {
    return learners.size();
  }

  private interface Work {
    void on(Learner learner, int replica);
  }

  /** Does something on every replica, side by side, and waits for all of them. The first failure is thrown. */
  private void all(Work work) {
    var tasks = new ArrayList<Callable<Boolean>>();
    for (int i = 0; i < learners.size(); i++) {
      int replica = i;
      tasks.add(() -> {
        boolean done = false;
        try (TensorScope scope = TensorScope.inference()) {
          work.on(learners.get(replica), replica);
          done = true;
          return done;
        } finally {
          if (!done) {
            rendezvous.abandon();
          }
        }
      });
    }
    try {
      Throwable failure = null;
      for (Future<Boolean> future : threads.invokeAll(tasks)) {
        try {
          future.get();
        } catch (ExecutionException e) {
          Throwable cause = e.getCause() == null ? e : e.getCause();
          // Those that waited for the one that failed say nothing new.
          if (failure == null || failure instanceof Rendezvous.AbandonedException) {
            failure = cause;
          }
        }
      }
      if (failure instanceof RuntimeException known) {
        throw known;
      }
      if (failure instanceof Error known) {
        throw known;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while replicas were learning", e);
    }
  }

  @Override
  public long steps(Experience experience) {
    return first().steps(experience);
  }

  private Learner first() {
    return learners.getFirst();
  }

  @Override
  public void step(Experience experience, long step) {
    all((learner, replica) -> learner.step(experience, step));
  }

  @Override
  public List<String> classNames() {
    return first().classNames();
  }

  @Override
  public Tensor scores(List<? extends Input> inputs) {
    return first().scores(inputs);
  }

  /** The whole state, as a single learner has it; the tensors stand by themselves. O(bytes). */
  @Override
  public List<StatePart> state() {
    return Shards.unite(shards());
  }

  /** What each replica saves: its own sums, and its share of the bytes of all that is equal in every replica. */
  public List<Shard> shards() {
    return Shards.of(learners.stream().map(Learner::state).toList(), first().partial());
  }

  /** Takes over a whole state: sums go to the first replica, all other replicas begin with none. */
  @Override
  public void restore(Map<String, StatePart> state, List<Experience> past) {
    all((learner, replica) -> learner.restore(replica == 0 ? state : withoutSums(state), past));
  }

  /**
   * Takes over what other replicas saved, as many or more or fewer of them.
   *
   * <p>As many replicas take their own sums back, and go on to the same bits as if they had never stopped.
   *
   * @throws dev.perennial.FailureException if the shards are not those of one checkpoint, or not all of them
   */
  public void restore(List<Shard> shards, List<Experience> past) {
    var whole = new TreeMap<String, StatePart>();
    Shards.unite(shards).forEach(part -> whole.put(part.name(), part));
    if (shards.size() != learners.size()) {
      restore(whole, past);
      return;
    }
    all((learner, replica) -> {
      var own = new TreeMap<>((Map<String, StatePart>) whole);
      for (Shard shard : shards) {
        if (shard.index() == replica) {
          shard.sums().forEach(part -> own.put(part.name(), part));
        }
      }
      learner.restore(own, past);
    });
  }

  private Map<String, StatePart> withoutSums(Map<String, StatePart> state) {
    var other = new TreeMap<>(state);
    for (String name : first().partial()) {
      StatePart part = other.get(name);
      if (part != null) {
        var zeros = new TreeMap<String, TensorData>();
        part.tensors().forEach((tensor, data) -> zeros.put(tensor, Sums.zeros(data)));
        other.put(name, new StatePart(name, part.combine(), zeros));
      }
    }
    return other;
  }

  @Override
  public Footprint footprint() {
    return first().footprint();
  }

  @Override
  public List<BrickInfo> bricks() {
    return first().bricks();
  }

  @Override
  public Optional<SavedBrick> saved(String name) {
    return first().saved(name);
  }

  @Override
  public void close() {
    threads.close();
    learners.forEach(Learner::close);
  }
}
