package dev.perennial.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.perennial.FailureException;
import dev.perennial.stream.Stream;

/**
 * What a store says of the run that fills it.
 *
 * @param spec what it learns, and how
 * @param data the name of the dataset
 * @param image whether its inputs are images, {@code [channels, height, width]}; empty for texts
 * @param streamDigest of the stream that it learns
 * @param backboneDigest of the backbone that it learns on
 */
public record RunRecord(RunSpec spec, String data, int[] image, String streamDigest, String backboneDigest) {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** This as JSON, which is what a store is made with. */
  public String toJson() {
    try {
      return JSON.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a run's record is made of texts and numbers", e);
    }
  }

  /**
   * What {@link #toJson} wrote.
   *
   * @throws FailureException if the text is something else
   */
  public static RunRecord fromJson(String json) {
    try {
      return JSON.readValue(json, RunRecord.class);
    } catch (JsonProcessingException e) {
      throw new FailureException(
          "expected the record of a run in the store, got something else: " + e.getOriginalMessage(), e);
    }
  }

  /** Refuses data that is not what the run began with. */
  void checkStream(Stream stream) {
    if (!stream.digest().equals(streamDigest)) {
      throw new FailureException("expected the data that this run began with (stream digest " + brief(streamDigest)
          + "), got other rows (" + brief(stream.digest()) + ") from " + String.join(", ", spec.data().sources())
          + ": restore the data, or learn it into a new store");
    }
  }

  /**
   * Refuses a backbone that is not what the run began with.
   *
   * @throws FailureException if it has another digest
   */
  public void checkBackbone(String name, String digest) {
    if (!digest.equals(backboneDigest)) {
      throw new FailureException("expected the backbone that this store was learned on (digest " + brief(backboneDigest)
          + "), got " + name + " with digest " + brief(digest) + ": use the same weights, or learn into a new store");
    }
  }

  private static String brief(String digest) {
    return digest.substring(0, Math.min(12, digest.length()));
  }
}
