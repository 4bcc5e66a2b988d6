package dev.perennial.server.cache;

import dev.perennial.tensor.CounterRandom;

/** A model whose answers to some texts change with its snapshots. */
record Model(long snapshot, String encoder) implements Answering<String> {

  static final int WIDTH = 6;

  @Override
  public String answer(float[] features) {
    return "class " + (int) Math.floor(2 * features[0]) + (features[1] > 0 ? " since " + snapshot / 2 : "");
  }

  /** Of a text's number; near each other in groups of four. */
  static float[] features(int text) {
    float[] features = new float[WIDTH];
    for (int c = 0; c < WIDTH; c++) {
      features[c] = (float) (CounterRandom.of(1, text / 4).gaussian(c) + 0.15 * CounterRandom.of(2, text).gaussian(c));
    }
    return features;
  }
}
