package dev.perennial.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.perennial.FailureException;
import dev.perennial.backbone.Row;
import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The peer of our encoder: all-MiniLM-L6-v2 in ONNX Runtime, from the same file, with all of its graph optimisations.
 *
 * <p>Rows go through in batches of 32 in the order of arrival, padded to the longest of a batch; features are the mean
 * of a row's tokens.
 */
final class OnnxEncoder implements AutoCloseable {

  /** Rows of a batch. */
  static final int BATCH = 32;

  private static final String MODEL = "/all-minilm-l6-v2.onnx";
  private static final String STATES = "last_hidden_state";

  private final OrtEnvironment environment;
  private final OrtSession session;

  /**
   * Loads ONNX Runtime and the model.
   *
   * @param threads for one operation; operations run one after another
   * @throws FailureException if this process cannot load it
   */
  OnnxEncoder(int threads) {
    ProcessCommandLine.requireShort();
    try (InputStream model = OnnxEncoder.class.getResourceAsStream(MODEL)) {
      if (model == null) {
        throw new FailureException("expected " + MODEL + " on the class path, found none: add the encoder's jar");
      }
      environment = OrtEnvironment.getEnvironment();
      environment.setTelemetry(false);
      try (var options = new OrtSession.SessionOptions()) {
        options.setIntraOpNumThreads(threads);
        options.setInterOpNumThreads(1);
        options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
        session = environment.createSession(model.readAllBytes(), options);
      }
    } catch (IOException | OrtException | UnsatisfiedLinkError e) {
      throw new FailureException("ONNX Runtime could not load " + MODEL + ": " + e.getMessage(), e);
    }
  }

  /** The version of ONNX Runtime. */
  String version() {
    return environment.getVersion();
  }

  /** The features of rows that are {@link Row.Tokens}, {@code [rows][width]}. */
  float[][] encode(List<Row> rows) {
    float[][] features = new float[rows.size()][];
    for (int start = 0; start < features.length; start += BATCH) {
      List<Row> batch = rows.subList(start, Math.min(start + BATCH, features.length));
      try {
        encode(batch, start, features);
      } catch (OrtException e) {
        throw new FailureException("ONNX Runtime failed on texts from " + (start + 1) + " on: " + e.getMessage(), e);
      }
    }
    return features;
  }

  private void encode(List<Row> batch, int start, float[][] features) throws OrtException {
    int length = batch.stream().mapToInt(Row::length).max().orElseThrow();
    long[] ids = new long[batch.size() * length];
    long[] mask = new long[ids.length];
    for (int row = 0; row < batch.size(); row++) {
      int[] tokens = ((Row.Tokens) batch.get(row)).ids();
      for (int i = 0; i < tokens.length; i++) {
        ids[row * length + i] = tokens[i];
        mask[row * length + i] = 1;
      }
    }
    var inputs = new HashMap<String, OnnxTensor>();
    try {
      inputs.put("input_ids", tensor(ids, length));
      inputs.put("attention_mask", tensor(mask, length));
      inputs.put("token_type_ids", tensor(new long[ids.length], length));
      inputs.keySet().retainAll(session.getInputNames());
      pool(inputs, batch, length, start, features);
    } finally {
      inputs.values().forEach(OnnxTensor::close);
    }
  }

  private OnnxTensor tensor(long[] values, int length) throws OrtException {
    return OnnxTensor.createTensor(environment, LongBuffer.wrap(values), new long[] {values.length / length, length});
  }

  private void pool(Map<String, OnnxTensor> inputs, List<Row> batch, int length, int start, float[][] features)
      throws OrtException {
    try (OrtSession.Result result = session.run(inputs)) {
      if (!(result.get(STATES).orElse(null) instanceof OnnxTensor states)) {
        throw new FailureException("expected an output " + STATES + " of " + MODEL + ", got " + session.getOutputNames());
      }
      FloatBuffer values = states.getFloatBuffer();
      int width = values.remaining() / (batch.size() * length);
      float[] state = new float[width];
      for (int row = 0; row < batch.size(); row++) {
        float[] sum = new float[width];
        int tokens = batch.get(row).length();
        for (int i = 0; i < tokens; i++) {
          values.get((row * length + i) * width, state);
          for (int feature = 0; feature < width; feature++) {
            sum[feature] += state[feature];
          }
        }
        for (int feature = 0; feature < width; feature++) {
          sum[feature] /= tokens;
        }
        features[start + row] = sum;
      }
    }
  }

  @Override
  public void close() {
    try {
      session.close();
    } catch (OrtException e) {
      throw new FailureException("ONNX Runtime could not free its model: " + e.getMessage(), e);
    }
  }
}
