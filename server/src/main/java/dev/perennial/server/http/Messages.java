package dev.perennial.server.http;

import dev.perennial.server.page.State;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What comes in and goes out as JSON; /openapi.json describes the same. */
final class Messages {

  private Messages() {}

  /** Texts to predict: one, or several. */
  record Predict(@Nullable String text, @Nullable List<@Nullable String> texts, @Nullable Integer top) {}

  /** A text of a stream. */
  record PredictLine(@Nullable String text, @Nullable Integer top) {}

  /** A class of a prediction. */
  record Candidate(String label, double score) {}

  /** A prediction; recalled where the error memory has changed its label. */
  record Prediction(String id, String label, double score, List<Candidate> candidates, long snapshot, long through,
      @Nullable Boolean recalled) {}

  /** Predictions. */
  record Predictions(String model, List<Prediction> predictions) {}

  /** A prediction in a stream, or what is wrong with its line. */
  record StreamedPrediction(int line, @Nullable Prediction prediction, @Nullable Problem problem) {}

  /** A row to learn. */
  record Row(@Nullable String text, @Nullable String label) {}

  /** Rows to learn: one, or several. */
  record Learn(@Nullable String text, @Nullable String label, @Nullable List<@Nullable Row> rows, @Nullable String until) {}

  /** What was made durable. */
  record Learned(String model, int rows, long first, long last, boolean repeated, boolean visible) {}

  /** The label of an earlier prediction. */
  record Feedback(@Nullable String prediction, @Nullable String label, @Nullable String until) {}

  /** What a source taught is to be removed. */
  record Removal(@Nullable String source) {}

  /** Bricks to merge. */
  record Merge(@Nullable String name, @Nullable String method, @Nullable List<@Nullable String> bricks,
      @Nullable Map<String, Double> parameters) {}

  /** The version to go back to. */
  record Rollback(@Nullable Integer to) {}

  /** A model, and the brick of its library that acts in it. */
  record Model(String name, String technique, String backbone, @Nullable String brick, boolean learns, int classes,
      long rows, long snapshot, long through) {}

  /** A brick. */
  record Brick(String name, String kind, long parameters, String place, String technique, List<String> parents,
      String learnedOn) {}

  /** A brick that acts in a model, and the lowest block of the backbone that it changes, from 0. */
  record EnabledBrick(String brick, int lowestBlock) {}

  /** A commit of a model's store. */
  record Snapshot(long id, String time, boolean whole) {}

  /** Whether the server can do its work. */
  record Health(String status, @Nullable String detail) {}

  /**
   * What is used of something that is bounded.
   *
   * @param share of the limit, up to 1; 0 where there is none
   */
  record Use(String what, String used, String limit, double share) {}

  /** A line of a ledger. */
  record Spent(String what, String resource, String amount, int experience) {}

  /** What a model may spend, and has spent. */
  record Ledger(List<Use> budgets, List<Spent> entries) {}

  /** A model as it is now: what the page shows. */
  record Live(Model model, List<String> classes, boolean teaches, List<Use> uses, State state) {}
}
