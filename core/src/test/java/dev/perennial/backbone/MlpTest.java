package dev.perennial.backbone;

import dev.perennial.data.Input;
import java.util.List;

final class MlpTest extends BackboneContractTest {

  private static final ImageShape SHAPE = new ImageShape(2, 9, 7);

  @Override
  Backbone open() {
    return Backbones.forImages("mlp", SHAPE.channels(), SHAPE.height(), SHAPE.width(), 42);
  }

  @Override
  List<Input> inputs() {
    return ImageBackboneTest.images(SHAPE, 5);
  }

  @Override
  Input foreign() {
    return new Input.Text("a text");
  }
}
