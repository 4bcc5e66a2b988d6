package dev.perennial.bench.suite;

import dev.perennial.engine.DataSpec;
import dev.perennial.stream.Scenario;
import java.util.HashMap;
import java.util.Map;

/**
 * A stream to compare techniques on, and how they are set there.
 *
 * @param name what results call it
 * @param data where the examples come from
 * @param scenario how they become a stream
 * @param tasks experiences; 0 for as many as the data names
 * @param backbone as in {@link dev.perennial.engine.RunSpec}
 * @param options what is usual there, by name, for techniques that have such an option
 * @param threads that compute where nothing else is asked for
 */
record Setting(
    String name, DataSpec data, Scenario scenario, int tasks, String backbone, Map<String, String> options,
    int threads) {

  /**
   * How tiny networks on Fashion-MNIST are trained wherever they are compared: plain gradient descent in small steps,
   * once over the stream.
   */
  private static final Map<String, String> PLAIN_DESCENT = Map.of(
      "optimiser", "sgd", "momentum", "0", "schedule", "constant", "rate", "0.05", "warmup", "0", "decay", "0",
      "batch", "32", "epochs", "1");

  private static final int IMAGE_TASKS = 5;

  /** Tiny networks run fastest on one thread. */
  private static final int IMAGE_THREADS = 1;

  /**
   * A head of ten outputs from the start, as published figures have; and 100 passes over a memory by techniques that
   * learn nothing else (GDumb's paper takes 256).
   */
  private static Map<String, String> splitOptions() {
    var options = new HashMap<>(PLAIN_DESCENT);
    options.put("outputs", "10");
    options.put("passes", "100");
    return options;
  }

  /** Classes arrive in the order of their numbers, as in most published figures. */
  private static final Scenario SORTED_CLASSES = Scenario.CLASS_INCREMENTAL.withOption("classes", "sorted");

  /** 5 experiences of 2 classes of Fashion-MNIST, or as many of any other directory of IDX images. */
  static Setting splitImages(String name, String directory) {
    return new Setting(name, DataSpec.images(directory), SORTED_CLASSES, IMAGE_TASKS, "mlp",
        splitOptions(), IMAGE_THREADS);
  }

  /** 5 experiences with all images, each under another fixed permutation of the pixels. */
  static Setting permutedImages(String name, String directory) {
    return new Setting(name, DataSpec.images(directory).permuted(IMAGE_TASKS), Scenario.DOMAIN_INCREMENTAL,
        IMAGE_TASKS, "mlp", PLAIN_DESCENT, IMAGE_THREADS);
  }

  /** Texts, with every technique as it is. */
  static Setting texts(String name, DataSpec data, Scenario scenario, int tasks) {
    return new Setting(
        name, data, scenario, tasks, "", Map.of(), Runtime.getRuntime().availableProcessors());
  }

  /** The same on another backbone. */
  Setting on(String other) {
    return new Setting(name, data, scenario, tasks, other, options, threads);
  }

  /** The same stream with more options of its scenario. */
  Setting arranged(Map<String, String> asked) {
    Scenario other = scenario;
    for (var option : asked.entrySet()) {
      other = other.withOption(option.getKey(), option.getValue());
    }
    return new Setting(name, data, other, tasks, backbone, options, threads);
  }

  /** The same with other rows. */
  Setting with(DataSpec other) {
    return new Setting(name, other, scenario, tasks, backbone, options, threads);
  }
}
