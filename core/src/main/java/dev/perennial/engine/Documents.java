package dev.perennial.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.budget.Ledger;
import dev.perennial.learn.Learner;
import dev.perennial.measure.AccuracyHistory;
import dev.perennial.store.Commit;
import java.util.List;
import java.util.Map;

/** The small texts that are kept with every commit. */
public final class Documents {

  /** What was spent, among the documents of a commit. */
  public static final String LEDGER = "ledger";

  static final String HISTORY = "history";
  static final String PROGRESS = "progress";
  /** Its name among the documents of a commit. */
  public static final String BRICKS = "bricks";

  /** Of runs in an open world alone. */
  static final String CALIBRATION = "calibration";

  /** Of models that a server lets a brick of the library act in: its version, as {@code NAME@1}. */
  public static final String ENABLED = "enabled";

  private static final ObjectMapper JSON = new ObjectMapper();

  private Documents() {}

  /** Those of a model that no run has learned, but what came in while it was served. */
  public static Map<String, String> served(Ledger ledger, List<Learner.BrickInfo> bricks) {
    return Map.of(LEDGER, ledger.toJson(), HISTORY, AccuracyHistory.EMPTY.toJson(), PROGRESS, Progress.NONE.toJson(),
        BRICKS, bricks(bricks));
  }

  /** The document of that name. */
  static String of(Commit commit, String name) {
    String document = commit.documents().get(name);
    if (document == null) {
      throw new FailureException("expected a document " + name + " in commit " + commit.id()
          + ", got " + commit.documents().keySet() + ": this store was not written by a run");
    }
    return document;
  }

  /** Refuses a commit whose head was solved for features that only a server makes. */
  static void requirePlain(Commit commit) {
    String brick = commit.documents().get(ENABLED);
    if (brick != null) {
      throw new UsageException("expected a store whose model stands on the backbone as it is, and the brick " + brick
          + " acts in this one, which was enabled in a server: use it by ./perennial serve --store");
    }
  }

  /** Bricks as JSON. */
  public static String bricks(List<Learner.BrickInfo> bricks) {
    try {
      return JSON.writeValueAsString(bricks);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("bricks are told in texts and numbers", e);
    }
  }

  /** The bricks that a commit tells of. */
  public static List<Learner.BrickInfo> bricks(Commit commit) {
    try {
      return JSON.readValue(of(commit, BRICKS), new TypeReference<List<Learner.BrickInfo>>() {});
    } catch (JsonProcessingException e) {
      throw new FailureException("expected bricks in commit " + commit.id() + ", got something else: "
          + e.getOriginalMessage(), e);
    }
  }
}
