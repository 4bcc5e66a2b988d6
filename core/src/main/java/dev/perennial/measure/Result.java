package dev.perennial.measure;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What came of a run: what it was asked, how well it did and what it cost. As JSON it has exactly these names, in this
 * order.
 *
 * @param technique as {@link Setup#technique()}
 * @param options as {@link Setup#options()}
 * @param seed as {@link Setup#seed()}
 * @param scenario as {@link Setup#scenario()}
 * @param tasks as {@link Setup#tasks()}: a count
 * @param classes as {@link Setup#classes()}: a count
 * @param accuracy as {@link Metrics#accuracy()}; fewer rows than {@code tasks} where the run stopped before the end
 * @param finalAccuracy as {@link Metrics#finalAccuracy()}
 * @param averageAccuracy as {@link Metrics#averageAccuracy()}
 * @param anytimeAccuracy as {@link Metrics#anytimeAccuracy()}
 * @param forgetting as {@link Metrics#forgetting()}
 * @param taskForgetting as {@link Metrics#taskForgetting()}
 * @param taskAccuracy as {@link Metrics#taskAccuracy()}
 * @param backwardTransfer as {@link Metrics#backwardTransfer()}
 * @param calibration after each experience, of a learner that judges itself; of another empty, and left out of the JSON
 * @param trainableParameters as {@link Cost#trainableParameters()}
 * @param addedBytes as {@link Cost#addedBytes()}
 * @param memoryBytes as {@link Cost#memoryBytes()}
 * @param learnSeconds as {@link Cost#learnSeconds()}
 * @param evaluateSeconds as {@link Cost#evaluateSeconds()}
 * @param examplesPerSecond as {@link Cost#examplesPerSecond()}
 * @param peakResidentBytes as {@link Cost#peakResidentBytes()}
 * @param stateDigest SHA-256 over all learned tensors and statistics in a fixed order, in hexadecimal
 */
@JsonPropertyOrder({
    "technique", "options", "seed", "scenario", "tasks", "classes", "accuracy", "finalAccuracy", "averageAccuracy",
    "anytimeAccuracy", "forgetting", "taskForgetting", "taskAccuracy", "backwardTransfer", "calibration",
    "trainableParameters", "addedBytes", "memoryBytes", "learnSeconds", "evaluateSeconds", "examplesPerSecond", "peakResidentBytes",
    "stateDigest"})
public record Result(
    String technique,
    Map<String, Object> options,
    long seed,
    String scenario,
    int tasks,
    int classes,
    List<List<Double>> accuracy,
    double finalAccuracy,
    double averageAccuracy,
    double anytimeAccuracy,
    double forgetting,
    double taskForgetting,
    double taskAccuracy,
    double backwardTransfer,
    @JsonInclude(JsonInclude.Include.NON_EMPTY) List<Calibration> calibration,
    long trainableParameters,
    long addedBytes,
    long memoryBytes,
    double learnSeconds,
    double evaluateSeconds,
    double examplesPerSecond,
    long peakResidentBytes,
    String stateDigest) {

  /** Copies the options and the lists. */
  public Result {
    options = Collections.unmodifiableMap(new LinkedHashMap<>(options));
    accuracy = accuracy.stream().map(List::copyOf).toList();
    // Results that were written without are read back.
    calibration = calibration == null ? List.of() : List.copyOf(calibration);
  }

  /** The result of a learner that does not judge itself. */
  public static Result of(Setup setup, Metrics metrics, Cost cost, String stateDigest) {
    return of(setup, metrics, List.of(), cost, stateDigest);
  }

  /** The result that these parts make. */
  public static Result of(
      Setup setup, Metrics metrics, List<Calibration> calibration, Cost cost, String stateDigest) {
    return new Result(
        setup.technique(),
        setup.options(),
        setup.seed(),
        setup.scenario(),
        setup.tasks(),
        setup.classes(),
        metrics.accuracy(),
        metrics.finalAccuracy(),
        metrics.averageAccuracy(),
        metrics.anytimeAccuracy(),
        metrics.forgetting(),
        metrics.taskForgetting(),
        metrics.taskAccuracy(),
        metrics.backwardTransfer(),
        calibration,
        cost.trainableParameters(),
        cost.addedBytes(),
        cost.memoryBytes(),
        cost.learnSeconds(),
        cost.evaluateSeconds(),
        cost.examplesPerSecond(),
        cost.peakResidentBytes(),
        stateDigest);
  }

  /** The result as an indented JSON object that ends with a line end. */
  public String toJson() {
    return Json.pretty(this);
  }

  /** The results as an indented JSON list that ends with a line end, in the order given. */
  public static String toJson(List<Result> results) {
    return Json.pretty(results);
  }
}
