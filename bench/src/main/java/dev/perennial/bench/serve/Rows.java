package dev.perennial.bench.serve;

import dev.perennial.FailureException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Workers;
import java.io.IOException;
import java.util.List;

/** The rows that a server is taught and asked, as JSON. */
final class Rows {

  private static final int PIECE = 256;
  private static final String UNTIL_SEEN = ",\"until\":\"visible\"";

  private final List<Example> rows;

  Rows(List<Example> rows) {
    this.rows = rows;
  }

  int size() {
    return rows.size();
  }

  String label(int row) {
    return rows.get(row % rows.size()).label();
  }

  private String text(int row) {
    return ((Input.Text) rows.get(row % rows.size()).input()).value();
  }

  /** A prediction of one text. */
  Load.Request predict(String base, int row) {
    return new Load.Request(base + "/predict", "{\"text\":" + quoted(text(row)) + "}");
  }

  /** A row to learn. */
  String learn(int row, String more) {
    return "{\"text\":" + quoted(text(row)) + ",\"label\":" + quoted(label(row)) + more + "}";
  }

  /** Rows to learn in one request. */
  String learn(int from, int to, String more) {
    var body = new StringBuilder("{\"rows\":[");
    for (int row = from; row < to; row++) {
      body.append(row == from ? "" : ",").append(learn(row, ""));
    }
    return body.append("]").append(more).append("}").toString();
  }

  /** Teaches so many rows, and returns when predictions have seen them. */
  void teach(Wire wire, String base, int most) throws IOException {
    teach(wire, base, 0, Math.min(most, size()));
  }

  /** Teaches rows in order, beginning anew where there are no more, and returns when predictions have seen them. */
  void teach(Wire wire, String base, int begin, int end) throws IOException {
    for (int from = begin; from < end; from += PIECE) {
      int to = Math.min(end, from + PIECE);
      teach(wire, base, from, to, to == end);
    }
  }

  private void teach(Wire wire, String base, int from, int to, boolean untilSeen) throws IOException {
    String key = "Idempotency-Key: rows-" + from + "-" + to + "\r\n";
    if (untilSeen) {
      teachUntilSeen(wire, base, learn(from, to, UNTIL_SEEN), key);
    } else {
      sent(wire, base, learn(from, to, ""), key);
    }
  }

  /** Teaches a row that may be learned already, and returns when predictions have seen it and all before it. */
  void teachUntilSeen(Wire wire, String base, int row, String key) throws IOException {
    teachUntilSeen(wire, base, learn(row, UNTIL_SEEN), key);
  }

  /** A request waits only so long: it is sent again, with its key, until its rows have been seen. */
  private static void teachUntilSeen(Wire wire, String base, String body, String key) throws IOException {
    boolean seen = false;
    while (!seen) {
      seen = sent(wire, base, body, key).body().contains("\"visible\":true");
    }
  }

  private static Wire.Reply sent(Wire wire, String base, String body, String key) throws IOException {
    Wire.Reply reply = wire.send("POST", base + "/learn", body, key);
    if (reply.status() != 200) {
      throw new FailureException("the server refused rows: " + reply.body());
    }
    return reply;
  }

  /** Texts a second that the encoder makes features of by itself, in batches, on so many threads. */
  double encoderRate(int threads, int most) {
    try (var workers = new Workers(threads); Backbone backbone = Backbones.load("minilm");
        TensorScope scope = TensorScope.inference()) {
      List<Input> inputs = rows.stream().limit(most).map(Example::input).toList();
      var warm = new FeatureCache(backbone, workers, 0);
      warm.features(inputs.subList(0, Math.min(256, inputs.size())), FeatureCache.Frozen.BACKBONE, 3);
      var cache = new FeatureCache(backbone, workers, 0);
      long began = System.nanoTime();
      cache.features(inputs, FeatureCache.Frozen.BACKBONE, 3);
      return inputs.size() / ((System.nanoTime() - began) / 1e9);
    }
  }

  private static String quoted(String text) {
    var quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < ' ') {
        quoted.append(String.format("\\u%04x", (int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }
}
