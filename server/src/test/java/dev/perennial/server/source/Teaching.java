package dev.perennial.server.source;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.tensor.CounterRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** A model that keeps what it learned with the offset of it, and is killed between any two of its steps. */
final class Teaching {

  private final Function<@Nullable String, Source> open;
  private final CounterRandom random;
  private List<Row> learned = new ArrayList<>();
  private List<Row> durable = List.of();
  private @Nullable String offset;
  private int kills;
  private long draws;

  Teaching(Function<@Nullable String, Source> open, long seed) {
    this.open = open;
    this.random = CounterRandom.of(seed, 11);
  }

  /**
   * Learns until there are so many rows, all of them durable.
   *
   * @param between is called before each batch, with the number of batches so far
   */
  List<Row> learn(int rows, int mostKills, IntConsumer between) {
    Source source = open.apply(offset);
    int batches = 0;
    int idle = 0;
    while (durable.size() < rows) {
      between.accept(batches++);
      Batch batch = source.poll(1 + random.below(draws++, 7), Duration.ofMillis(500));
      learned.addAll(batch.rows());
      idle = batch.rows().isEmpty() ? idle + 1 : 0;
      assertTrue(idle < 60, "no more than " + learned.size() + " of " + rows + " rows come");
      boolean last = learned.size() >= rows;
      if (last || random.below(draws++, 3) == 0) {
        durable = List.copyOf(learned);
        offset = batch.offset();
        if (random.below(draws++, 3) > 0) {
          source.committed(offset);
        }
      }
      if (!last && kills < mostKills && random.below(draws++, 6) == 0) {
        kills++;
        source.close();
        learned = new ArrayList<>(durable);
        source = open.apply(offset);
      }
    }
    assertTrue(source.poll(1, Duration.ofMillis(100)).rows().isEmpty(), "a row comes twice");
    source.close();
    return durable;
  }

  int kills() {
    return kills;
  }

  @Nullable String offset() {
    return offset;
  }
}
