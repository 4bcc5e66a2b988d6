package dev.perennial.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.perennial.FailureException;

/**
 * What a run has spent so far beside its ledger.
 *
 * @param learnSeconds in steps
 * @param evaluateSeconds in evaluations
 * @param rows learned, each once
 * @param peakResidentBytes of the processes that ran it
 */
record Progress(double learnSeconds, double evaluateSeconds, long rows, long peakResidentBytes) {

  static final Progress NONE = new Progress(0, 0, 0, 0);

  private static final ObjectMapper JSON = new ObjectMapper();

  Progress learned(double seconds) {
    return new Progress(learnSeconds + seconds, evaluateSeconds, rows, peakResidentBytes);
  }

  Progress evaluated(double seconds) {
    return new Progress(learnSeconds, evaluateSeconds + seconds, rows, peakResidentBytes);
  }

  Progress finished(long moreRows) {
    return new Progress(learnSeconds, evaluateSeconds, rows + moreRows, peakResidentBytes);
  }

  Progress peaked(long bytes) {
    return new Progress(learnSeconds, evaluateSeconds, rows, Math.max(peakResidentBytes, bytes));
  }

  String toJson() {
    try {
      return JSON.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("progress is made of numbers", e);
    }
  }

  static Progress fromJson(String json) {
    try {
      return JSON.readValue(json, Progress.class);
    } catch (JsonProcessingException e) {
      throw new FailureException("expected a run's progress in the store, got something else: " + e.getOriginalMessage(), e);
    }
  }
}
