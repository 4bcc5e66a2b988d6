package dev.perennial.engine;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.perennial.FailureException;
import dev.perennial.Options;
import dev.perennial.UsageException;
import dev.perennial.budget.Budget;
import dev.perennial.learn.Techniques;
import dev.perennial.open.OpenOptions;
import dev.perennial.stream.Arrangement;
import dev.perennial.stream.Scenario;
import dev.perennial.stream.Scenarios;
import dev.perennial.tensor.Device;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * All that decides what a run learns. The same spec over the same data gives the same state, to the bit, on the same
 * machine.
 *
 * @param data where the examples come from
 * @param scenario how they become a stream
 * @param tasks experiences; 0 for as many as the task column names, or the scenario counts itself
 * @param technique the name of the technique
 * @param options those that are not the technique's defaults, by name
 * @param backbone {@code minilm}, {@code bge-small-en}, {@code mlp}, {@code convnet}, or a directory in Hugging Face's
 *     layout; empty for the default of the data's kind
 * @param device where the backbone computes: {@code cpu}, {@code cuda} or {@code cuda:N}
 * @param budget limits on what may be spent
 * @param seed of every random choice
 * @param threads that compute, at least 1
 * @param open how inputs of no known class are told apart; null where they are not
 */
public record RunSpec(
    DataSpec data,
    Scenario scenario,
    int tasks,
    String technique,
    SortedMap<String, String> options,
    String backbone,
    String device,
    Budget budget,
    long seed,
    int threads,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable OpenOptions open) {

  /** The technique that is used where none is named. */
  public static final String DEFAULT_TECHNIQUE = "auto";

  private static final String EPOCHS = "epochs";

  private static final ObjectMapper JSON = new ObjectMapper();

  /** In a closed world, where every input is of some class that is learned. */
  public RunSpec(DataSpec data, Scenario scenario, int tasks, String technique, SortedMap<String, String> options,
      String backbone, String device, Budget budget, long seed, int threads) {
    this(data, scenario, tasks, technique, options, backbone, device, budget, seed, threads, null);
  }

  /** Checks the ranges. */
  public RunSpec {
    // Specs written before there was a choice name no device.
    device = new Device(device == null ? Device.CPU.name() : device).name();
    options = Collections.unmodifiableSortedMap(new TreeMap<>((Map<String, String>) options));
    if (tasks < 0 || tasks > 1_000_000) {
      throw new UsageException("expected a number of tasks between 1 and 1000000, got " + tasks);
    }
    if (threads < 1 || threads > 1024) {
      throw new UsageException("expected a number of threads between 1 and 1024, got " + threads);
    }
  }

  /** The default technique over {@code data}, class-incremental, seed 1, a thread for each processor. */
  public static RunSpec of(DataSpec data, int tasks) {
    return new RunSpec(data, Scenario.CLASS_INCREMENTAL, tasks, DEFAULT_TECHNIQUE, new TreeMap<>(), "", Device.CPU.name(),
        Budget.UNLIMITED, 1, Runtime.getRuntime().availableProcessors());
  }

  /** This spec over other rows. */
  public RunSpec withData(DataSpec other) {
    return new RunSpec(other, scenario, tasks, technique, options, backbone, device, budget, seed, threads, open);
  }

  /** This spec with another technique at its default options. */
  public RunSpec withTechnique(String name) {
    return new RunSpec(data, scenario, tasks, name, new TreeMap<>(), backbone, device, budget, seed, threads, open);
  }

  /** This spec with one more option. */
  public RunSpec withOption(String name, String value) {
    var more = new TreeMap<>((Map<String, String>) options);
    more.put(name, value);
    return new RunSpec(data, scenario, tasks, technique, more, backbone, device, budget, seed, threads, open);
  }

  /** This spec with more options, or others in the place of those of their names. */
  RunSpec withOptions(Map<String, String> others) {
    RunSpec run = this;
    for (var option : others.entrySet()) {
      run = run.withOption(option.getKey(), option.getValue());
    }
    return run;
  }

  /** This spec with another seed. */
  public RunSpec withSeed(long other) {
    return new RunSpec(data, scenario, tasks, technique, options, backbone, device, budget, other, threads, open);
  }

  /** This spec on another number of threads. */
  public RunSpec withThreads(int other) {
    return new RunSpec(data, scenario, tasks, technique, options, backbone, device, budget, seed, other, open);
  }

  /** This spec in an open world; null for a closed one. */
  public RunSpec withOpen(@Nullable OpenOptions other) {
    return new RunSpec(data, scenario, tasks, technique, options, backbone, device, budget, seed, threads, other);
  }

  /** This spec with its backbone on another device. */
  public RunSpec withDevice(String other) {
    return new RunSpec(data, scenario, tasks, technique, options, backbone, other, budget, seed, threads, open);
  }

  /** This spec with other limits. */
  public RunSpec withBudget(Budget other) {
    return new RunSpec(data, scenario, tasks, technique, options, backbone, device, other, seed, threads, open);
  }

  /** This spec with another way to make a stream of the rows. */
  public RunSpec withScenario(Scenario other) {
    return new RunSpec(data, other, tasks, technique, options, backbone, device, budget, seed, threads, open);
  }

  /**
   * The scenario of that name, with its default options.
   *
   * @throws UsageException if there is none
   */
  public static Scenario scenario(String id) {
    var scenario = Scenario.of(id);
    Scenarios.load().choose(scenario);
    return scenario;
  }

  /**
   * This spec with one pass over every experience, where the scenario lets rows arrive once.
   *
   * @throws UsageException if more passes are asked for, or there is no such technique, scenario or option
   */
  RunSpec fitted() {
    var asked = Techniques.load().choose(technique, options);
    if (!Scenarios.load().choose(scenario).has(Arrangement.Trait.ONE_PASS)
        || !Options.flat(asked.options()).containsKey(EPOCHS)) {
      return this;
    }
    String passes = options.getOrDefault(EPOCHS, "1").strip();
    if (!passes.equals("1")) {
      throw new UsageException("expected epochs=1 with the scenario " + scenario.id()
          + ", whose rows arrive once, got epochs=" + passes + ": leave it out");
    }
    return withOption(EPOCHS, "1");
  }

  /** This spec as JSON. */
  String toJson() {
    try {
      return JSON.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a spec is made of texts and numbers", e);
    }
  }

  /** The spec that {@link #toJson} wrote. */
  static RunSpec fromJson(String json) {
    try {
      return JSON.readValue(json, RunSpec.class);
    } catch (JsonProcessingException e) {
      throw new FailureException("expected the spec of a run in the store, got something else: " + e.getOriginalMessage(), e);
    }
  }
}
