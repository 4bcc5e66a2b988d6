package dev.perennial.tensor;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A process of two workers that record gradients until it is told to end. */
final class ComputingProcess {

  private ComputingProcess() {}

  public static void main(String[] arguments) {
    LibTorch.beforeEnd(Thread.ofPlatform().unstarted(() -> {
      steps();
      System.out.println("last work");
    }));
    try (var workers = new Workers(2)) {
      List<Callable<Integer>> tasks =
          IntStream.range(0, 2).<Callable<Integer>>mapToObj(worker -> ComputingProcess::steps).toList();
      for (boolean told = false; ; told = true) {
        try (TensorScope scope = TensorScope.training()) {
          workers.run(tasks);
        }
        if (!told) {
          System.out.println("computing");
        }
      }
    }
  }

  private static int steps() {
    for (int step = 0; step < 50; step++) {
      try (TensorScope scope = TensorScope.training()) {
        Tensor weights = torch.ones(64, 64).set_requires_grad(true);
        Tensor x = torch.ones(8, 64);
        for (int layer = 0; layer < 20; layer++) {
          x = torch.mm(x, weights).mul(new Scalar(1f / 64)).relu();
        }
        x.sum().backward();
      }
    }
    return 0;
  }
}
