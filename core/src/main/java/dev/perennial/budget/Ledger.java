package dev.perennial.budget;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.perennial.FailureException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The account of what a model's learning has spent, held to a budget.
 *
 * <p>Entries are only ever added, and their order is the order of spending; apart from the amounts of {@link
 * Resource#SECONDS} the content depends on the run's spec, seed and stream alone. A charge and a total take constant
 * time. Not thread-safe: it belongs to the one learner.
 */
public final class Ledger {
  private static final ObjectMapper JSON = JsonMapper.builder()
      .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
      .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
      .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
      .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
      .build();

  private final Budget budget;
  private final List<Entry> entries = new ArrayList<>();
  private final List<Placement> placements = new ArrayList<>();
  private final Map<Resource, Double> totals = new EnumMap<>(Resource.class);

  /** An account with nothing spent. */
  public Ledger(Budget budget) {
    this.budget = budget;
  }

  /**
   * One thing that was paid for.
   *
   * @param what it was, as reports call it: {@code brick lora-0}
   * @param resource what was spent
   * @param amount how much, in the resource's own unit; finite and not negative
   * @param experience the experience it was spent on, from 0
   */
  public record Entry(
      String what, Resource resource, @JsonSerialize(using = WholeNumbers.class) double amount, int experience) {

    /** Checks the amount and the experience. */
    public Entry {
      if (!(amount >= 0) || Double.isInfinite(amount) || experience < 0) {
        throw new IllegalArgumentException(
            what + " cannot cost " + amount + " " + resource.id() + " in experience " + experience);
      }
    }
  }

  /**
   * Spends all of the entries or none.
   *
   * @param charges what one step costs, in any mix of resources
   * @throws OverdrawnException where the budget does not allow them all; then nothing has been added
   */
  public void charge(Entry... charges) {
    var after = new EnumMap<Resource, Double>(Resource.class);
    for (Entry charge : charges) {
      double spent = after.getOrDefault(charge.resource(), total(charge.resource()));
      double needed = spent + charge.amount();
      if (needed > budget.limit(charge.resource()).orElse(Double.POSITIVE_INFINITY)) {
        throw overdrawn(charge, spent);
      }
      after.put(charge.resource(), needed);
    }
    for (Entry charge : charges) {
      add(charge);
    }
  }

  /** Everything that was paid for, in the order of spending. */
  public List<Entry> entries() {
    return List.copyOf(entries);
  }

  /** Notes a decision of an allocator. */
  public void place(Placement placement) {
    placements.add(placement);
  }

  /** Where parameters went and why, in the order of the decisions; none where nothing is dealt out. */
  public List<Placement> placements() {
    return List.copyOf(placements);
  }

  /** What was spent of a resource, in its own unit; 0 where nothing was. */
  public double total(Resource resource) {
    return totals.getOrDefault(resource, 0.0);
  }

  /** What may still be spent of a resource: infinite where unlimited, 0 where the limit is already passed. */
  public double left(Resource resource) {
    return Math.max(0, budget.limit(resource).orElse(Double.POSITIVE_INFINITY) - total(resource));
  }

  /** The limits that charges are held to. */
  public Budget budget() {
    return budget;
  }

  /** Entries and placements, where there are any. */
  private record Written(List<@Nullable Entry> entries, List<@Nullable Placement> placements) {}

  /** The entries and placements as one line of JSON, without the budget; the same ones give the same text. */
  public String toJson() {
    try {
      return JSON.writeValueAsString(
          placements.isEmpty() ? entries : new Written(new ArrayList<>(entries), new ArrayList<>(placements)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("ledger entries are plain values", e);
    }
  }

  /**
   * Reads what {@link #toJson()} wrote.
   *
   * @param budget the limits for what comes; a budget below what was already spent refuses the next charge only
   * @throws FailureException where the text is not a ledger
   */
  public static Ledger fromJson(String json, Budget budget) {
    var ledger = new Ledger(budget);
    try {
      Written written = json.stripLeading().startsWith("{")
          ? JSON.readValue(json, Written.class)
          : new Written(JSON.readerForListOf(Entry.class).readValue(json), List.of());
      if (written.entries == null || written.entries.contains(null) || new ArrayList<>(written.placements).contains(null)) {
        throw new JsonMappingException(null, "found null where an entry belongs");
      }
      written.entries.forEach(ledger::add);
      ledger.placements.addAll(written.placements);
    } catch (JsonProcessingException e) {
      throw new FailureException(
          "the ledger is damaged: expected a JSON list of entries, or an object with placements; "
              + e.getOriginalMessage().lines().findFirst().orElse("found something else")
              + "; go back to a commit that can be read",
          e);
    }
    return ledger;
  }

  private void add(Entry entry) {
    totals.merge(entry.resource(), entry.amount(), Double::sum);
    entries.add(entry);
  }

  private OverdrawnException overdrawn(Entry charge, double spent) {
    Resource resource = charge.resource();
    double limit = budget.limit(resource).orElseThrow();
    return new OverdrawnException(String.format(
        "the %s budget is %s and %s are spent: %s needs %s more in experience %d; "
            + "raise it to --budget %s=%.0f or more, or choose options that need less",
        resource.id(), resource.format(limit), resource.format(spent), charge.what(), resource.format(charge.amount()),
        charge.experience(), resource.id(), Math.ceil(spent + charge.amount())));
  }
}
