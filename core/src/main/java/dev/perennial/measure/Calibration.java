package dev.perennial.measure;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.List;

/**
 * How far a learner that knows what it does not know was right about its test rows, at one moment.
 *
 * @param error its expected {@link CalibrationError}, 0 to 1
 * @param plainError what that would be without its temperature
 * @param temperature by which it divides its scores, above 0
 * @param kept share of the test rows that it takes for rows of known classes, 0 to 1; all are of known classes
 */
@JsonPropertyOrder({"error", "plainError", "temperature", "kept"})
public record Calibration(double error, double plainError, double temperature, double kept) {

  /** Those of a run so far, one after each experience, as one line of JSON. */
  public static String toJson(List<Calibration> calibrations) {
    return Json.line(calibrations);
  }

  /**
   * Reads what {@link #toJson} wrote.
   *
   * @throws dev.perennial.FailureException where the text is something else
   */
  public static List<Calibration> fromJson(String json) {
    return List.of(Json.read(json, Calibration[].class, "the calibration"));
  }
}
