package dev.perennial.learn.hypernetwork;

import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * h_0 = x      h_l = relu(W_l h_{l-1} + b_l)      logits = W h_L + b
 * A layer is one matrix of rows [W b], a row for each output. It is filled from whole chunks, row by row; what is left of
 * its last chunk is not used. Numbers for the first layer are taken as they are, those for a layer of fewer inputs are
 * scaled up, so that numbers of variance 2 / (inputs + 1) become weights of variance 2 / (fan-in + 1) in every layer.
 */
/**
 * The network whose weights are generated: linear layers with ReLU between, and as many outputs as a task has classes.
 *
 * @param inputs numbers in a row
 * @param hidden outputs of each hidden layer
 * @param layers hidden layers, at least 1
 * @param chunk numbers generated at once
 */
record TargetNetwork(int inputs, int hidden, int layers, int chunk) {

  private record Layer(int in, int out) {

    long numbers() {
      return (in + 1L) * out;
    }
  }

  private Layer layer(int number, int classes) {
    return new Layer(number == 0 ? inputs : hidden, number == layers ? classes : hidden);
  }

  private int chunks(Layer layer) {
    return Math.toIntExact(Math.ceilDiv(layer.numbers(), chunk));
  }

  /** Chunks of the hidden layers, which come first. */
  int trunkChunks() {
    int chunks = 0;
    for (int l = 0; l < layers; l++) {
      chunks += chunks(layer(l, 0));
    }
    return chunks;
  }

  /** Chunks of the output layer. */
  int headChunks(int classes) {
    return chunks(layer(layers, classes));
  }

  /** The standard deviation that generated numbers should have. */
  double deviation() {
    return Math.sqrt(2.0 / (inputs + 1));
  }

  /** All weights, flat, of what was generated, {@code [chunks, chunk]}. Radii of weights of those of numbers, too. */
  Tensor weights(Tensor generated, int classes) {
    var parts = new ArrayList<Tensor>();
    int start = 0;
    for (int l = 0; l <= layers; l++) {
      Layer layer = layer(l, classes);
      int count = chunks(layer);
      Tensor numbers = generated.narrow(0, start, count).reshape(-1).narrow(0, 0, layer.numbers());
      parts.add(numbers.mul(new Scalar(Math.sqrt((inputs + 1.0) / (layer.in + 1)))));
      start += count;
    }
    return Tensors.concat(0, parts.toArray(new Tensor[0]));
  }

  /** The matrices {@code [out, in + 1]} in flat weights. */
  private List<Tensor> matrices(Tensor weights, int classes) {
    var matrices = new ArrayList<Tensor>();
    long start = 0;
    for (int l = 0; l <= layers; l++) {
      Layer layer = layer(l, classes);
      matrices.add(weights.narrow(0, start, layer.numbers()).view(layer.out, layer.in + 1L));
      start += layer.numbers();
    }
    return matrices;
  }

  private static Tensor matrix(Tensor layer) {
    return layer.narrow(1, 0, layer.size(1) - 1);
  }

  private static Tensor bias(Tensor layer) {
    return layer.select(1, layer.size(1) - 1);
  }

  /** {@code [rows, classes]} of {@code [rows, inputs]}. */
  Tensor logits(Tensor weights, Tensor rows, int classes) {
    Tensor state = rows;
    for (Tensor layer : matrices(weights, classes)) {
      Tensor input = state == rows ? rows : torch.relu(state);
      state = torch.addmm(bias(layer), input, matrix(layer).t());
    }
    return state;
  }

  /** Bounds of {@link #logits} for all weights within the interval. */
  Interval logits(Interval weights, Tensor rows, int classes) {
    List<Tensor> centers = matrices(weights.center(), classes);
    List<Tensor> radii = matrices(weights.radius(), classes);
    Interval state = Interval.through(rows, matrix(centers, radii, 0), bias(centers, radii, 0));
    for (int l = 1; l <= layers; l++) {
      state = state.rising(torch::relu).through(matrix(centers, radii, l), bias(centers, radii, l));
    }
    return state;
  }

  private static Interval matrix(List<Tensor> centers, List<Tensor> radii, int layer) {
    return new Interval(matrix(centers.get(layer)), matrix(radii.get(layer)));
  }

  private static Interval bias(List<Tensor> centers, List<Tensor> radii, int layer) {
    return new Interval(bias(centers.get(layer)), bias(radii.get(layer)));
  }
}
