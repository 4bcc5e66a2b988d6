package dev.perennial.edit;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.brick.SavedBrick;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** Passes of a backbone whose gradients are wanted. */
final class Passes {

  private Passes() {}

  /** {@code [rows, width]} in the open scope, with gradients where they are recorded. */
  static Tensor features(Backbone backbone, List<Row> rows, Adaptation adaptation) {
    Pass pass = backbone.pass(rows);
    return pass.pool(pass.advance(pass.start(adaptation), 0, backbone.blocks(), adaptation));
  }

  /** Native copies of a brick's tensors. */
  static Map<String, Tensor> tensors(SavedBrick brick, TensorOwner owner) {
    var tensors = new LinkedHashMap<String, Tensor>();
    try (TensorScope scope = TensorScope.inference()) {
      brick.tensors().forEach((name, data) -> tensors.put(name, owner.keep(Tensors.copyOf(data))));
    }
    return tensors;
  }
}
