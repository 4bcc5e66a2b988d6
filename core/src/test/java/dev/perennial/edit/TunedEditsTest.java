package dev.perennial.edit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.TinyBert;
import dev.perennial.brick.Brick;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.brick.format.BrickFiles;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Repair and erasing on the encoder of two blocks, and all three as bricks in files. */
final class TunedEditsTest {

  private Backbone backbone;

  @BeforeEach
  void open() {
    backbone = TinyBert.backbone();
  }

  @AfterEach
  void close() {
    backbone.close();
  }

  private Provenance provenance() {
    return Provenance.of("a stream", 1, "a technique", "0", backbone);
  }

  /** A LoRA brick that changes something, with a head of three classes. */
  private SavedBrick model(String kind) {
    var options = new BrickOptions(kind, new LoraOptions(2, 4, 0, LoraOptions.USUAL));
    Brick brick = options.on(backbone);
    var tensors = new HashMap<String, TensorData>();
    try (var parameters = new Parameters(); TensorScope scope = TensorScope.inference()) {
      brick.initialise(parameters, CounterRandom.of(1));
      Tensors.addScaled(parameters.values(), Tensors.gaussians(CounterRandom.of(2), 0, parameters.size()), 0.1);
      parameters.views().forEach((name, view) -> tensors.put(name, TensorData.of(Tensors.toFloats(view), view.shape())));
    }
    var random = CounterRandom.of(3);
    float[] weight = new float[24];
    for (int i = 0; i < weight.length; i++) {
      weight[i] = (float) random.gaussian(i);
    }
    var head = new SavedBrick.Head(
        "linear-head", List.of("x", "y", "z"), TensorData.of(weight, 3, 8), TensorData.of(new float[3], 3));
    return SavedBrick.of(options, tensors, brick.fixed(), head, provenance());
  }

  private List<String> predict(SavedBrick brick, SavedBrick parent, List<String> texts) {
    try (var workers = new Workers(1);
        var editor = Editor.of(brick, name -> parent, backbone, workers, UltraEditOptions.DEFAULT)) {
      return editor.predict(texts);
    }
  }

  private Map<String, float[]> deltas(SavedBrick saved) {
    var deltas = new HashMap<String, float[]>();
    Brick brick = saved.on(backbone);
    try (TensorScope scope = TensorScope.inference()) {
      var tensors = new HashMap<String, Tensor>();
      saved.tensors().forEach((name, data) -> tensors.put(name, Tensors.copyOf(data)));
      for (Site site : brick.sites()) {
        Brick.Delta delta = brick.delta(site, tensors);
        if (delta != null) {
          deltas.put(site.name(), Tensors.toFloats(delta.weight()));
        }
      }
    }
    return deltas;
  }

  private static final List<String> TEXTS = List.of("a b", "c d e", "e e", "b", "d a");

  @Test
  void original_versionsAndFurtherEdits_isWhatTheFirstEditsWereMadeOf() {
    SavedBrick model = model("lora");
    var bricks = new HashMap<String, SavedBrick>(Map.of("model", model));
    Function<String, SavedBrick> find = name -> Objects.requireNonNull(bricks.get(name), name);
    String wrong = predict(model, model, TEXTS).getFirst().equals("x") ? "y" : "x";
    try (var workers = new Workers(1);
        var editor = Editor.of(model, find, backbone, workers, UltraEditOptions.DEFAULT)) {
      editor.edit(List.of(new Edit(TEXTS.getFirst(), wrong)), done -> {});
      bricks.put("fixed@1", editor.saved(model.provenance().madeBy("ultraedit", "model")));
    }
    SavedBrick first = find.apply("fixed@1");
    bricks.put("fixed@2", first.withProvenance(first.provenance().madeBy("prune 0.0", "fixed@1")));
    SavedBrick back = first.withProvenance(first.provenance().madeBy("rollback", "fixed@1", "fixed@2"));
    assertEquals(model, Editor.original(back, find));
    try (var workers = new Workers(1);
        var old = Editor.of(first, find, backbone, workers, UltraEditOptions.DEFAULT);
        var now = Editor.of(back, find, backbone, workers, UltraEditOptions.DEFAULT)) {
      assertEquals(wrong, old.predict(TEXTS).getFirst());
      assertEquals(old.predict(TEXTS), now.predict(TEXTS));
    }
    SavedBrick orphan = first.withProvenance(provenance());
    assertTrue(String.valueOf(assertThrows(FailureException.class, () -> Editor.original(orphan, find)).getMessage())
        .contains("without parents"));
    bricks.put("fixed@1", first.withProvenance(provenance().withParents("fixed@1")));
    assertThrows(FailureException.class, () -> Editor.original(back, find));
  }

  @Test
  void repair_oneStepOnOneBlockOfTwo_leavesTheOtherAsItWas() {
    SavedBrick model = model("lora");
    String wrong = predict(model, model, TEXTS).getFirst().equals("x") ? "y" : "x";
    var options = new SliceRepairOptions(1, 4, 0.5, 1, 1e-2, ".*", 1);
    SavedBrick repaired = new SliceRepair(model, backbone, options)
        .repair(List.of(new Edit(TEXTS.getFirst(), wrong)), List.of("c d e"), step -> {});
    Map<String, float[]> before = deltas(model);
    Map<String, float[]> after = deltas(repaired);
    var changed = new java.util.TreeSet<Integer>();
    for (Site site : backbone.sites()) {
      float[] was = before.getOrDefault(site.name(), new float[site.out() * site.in()]);
      float[] is = after.getOrDefault(site.name(), new float[site.out() * site.in()]);
      double most = 0;
      for (int i = 0; i < was.length; i++) {
        most = Math.max(most, Math.abs(was[i] - is[i]));
      }
      if (most > 1e-6) {
        changed.add(site.block());
      }
    }
    assertEquals(1, changed.size(), changed.toString());
  }

  @Test
  void repair_editsThatDoNotHold_holdAfterwards() {
    SavedBrick model = model("lora");
    List<String> before = predict(model, model, TEXTS);
    var edits = List.of(new Edit(TEXTS.get(0), before.get(0).equals("x") ? "y" : "x"),
        new Edit(TEXTS.get(2), before.get(2).equals("z") ? "y" : "z"));
    var options = new SliceRepairOptions(400, 4, 0.5, 0.1, 1e-2, ".*", 1);
    SavedBrick repaired = new SliceRepair(model, backbone, options).repair(edits, List.of(), step -> {});
    List<String> after = predict(repaired, model, TEXTS);
    assertEquals(edits.get(0).label(), after.get(0));
    assertEquals(edits.get(1).label(), after.get(2));
  }

  @Test
  void sensitivities_gradientOfKnownNumbers_areRootMeanSquaresByBlockAndTheLargestIsTheSlice() {
    var repair = new SliceRepair(model("lora"), backbone, new SliceRepairOptions(1, 4, 0.5, 1, 1e-2, "query|dense", 1));
    try (var parameters = new Parameters(); TensorScope scope = TensorScope.inference()) {
      new BrickOptions("delta", new LoraOptions(8, 16, 0, "query|dense")).on(backbone)
          .initialise(parameters, CounterRandom.of(1));
      Tensor gradient = Tensors.zeros(parameters.size());
      parameters.view(gradient, "base_model.model.encoder.layer.0.attention.self.query.delta.weight")
          .fill_(new org.bytedeco.pytorch.Scalar(3));
      parameters.view(gradient, "base_model.model.encoder.layer.1.output.dense.delta.weight")
          .fill_(new org.bytedeco.pytorch.Scalar(-4));
      double numbers = 64 + 64 + 96 + 96;
      Map<Integer, Double> found = repair.sensitivities(parameters, gradient);
      assertEquals(Math.sqrt(9 * 64 / numbers), found.getOrDefault(0, 0.0), 1e-6);
      assertEquals(Math.sqrt(16 * 96 / numbers), found.getOrDefault(1, 0.0), 1e-6);
      assertEquals(List.of(1), repair.slice(parameters, gradient));
    }
  }

  @Test
  void repair_brickThatIsNoChangeOfWeights_isRefusedInOneLine() {
    var refused = assertThrows(UsageException.class,
        () -> new SliceRepair(model("adapter"), backbone, SliceRepairOptions.DEFAULT)
            .repair(List.of(new Edit("a", "x")), List.of(), step -> {}));
    assertTrue(String.valueOf(refused.getMessage()).contains("change of weights"), refused.getMessage());
  }

  @Test
  void erase_concept_goesToTheSurrogateAndAnchorsAndFarTextsStay() {
    SavedBrick model = model("lora");
    List<String> concept = List.of("a a a", "a a", "a a a a");
    List<String> anchors = List.of("c d", "d e c", "e c", "d d e", "c c e");
    var options = new EraserOptions(300, 4, 1, 0, 1, 1e-2, ".*", -1, 1);
    try (var eraser = new Eraser(model, backbone, options)) {
      SavedBrick brick = eraser.erase(concept, anchors, provenance(), step -> {});
      assertTrue(brick.tensors().keySet().stream().allMatch(name -> name.contains("lora_")));
      try (TensorScope scope = TensorScope.inference()) {
        Tensor surrogate = eraser.features(anchors, List.of()).mean(0).unsqueeze(0);
        double before = distance(eraser.features(concept, List.of()), surrogate);
        double after = distance(eraser.features(concept, List.of(brick)), surrogate);
        assertTrue(after < 0.3 * before, before + " to " + after);
        double moved = distance(eraser.features(anchors, List.of(brick)), eraser.features(anchors, List.of()));
        assertTrue(moved < 0.3 * before, moved + " of " + before);
      }
      var closed = new EraserOptions(1, 4, 1, 0, 1, 1e-2, ".*", 1, 1);
      try (var impermeable = new Eraser(model, backbone, closed); TensorScope scope = TensorScope.inference()) {
        assertArrayEquals(Tensors.toFloats(impermeable.features(anchors, List.of())),
            Tensors.toFloats(impermeable.features(anchors, List.of(brick))));
      }
    }
  }

  private static double distance(Tensor rows, Tensor others) {
    return rows.sub(others).square().sum(1).mean().item_double();
  }

  @Test
  void erase_withoutAnchors_isRefused() {
    try (var eraser = new Eraser(null, backbone, EraserOptions.DEFAULT)) {
      assertThrows(UsageException.class, () -> eraser.erase(List.of("a"), List.of(), provenance(), step -> {}));
    }
  }

  @Test
  void saved_editsAndErasersInFiles_areReadAsTheyWereAndGoOn(@TempDir Path directory) {
    SavedBrick model = model("lora");
    var options = new UltraEditOptions(10, 3, 1e-3, 1, 128, 0.3, 0, 0.5);
    List<String> before = predict(model, model, TEXTS);
    String other = before.get(0).equals("x") ? "y" : "x";
    SavedBrick edited;
    try (var workers = new Workers(1); var editor = Editor.of(model, name -> model, backbone, workers, options)) {
      editor.edit(List.of(new Edit(TEXTS.get(0), other)), done -> {});
      assertEquals(other, editor.predict(TEXTS).getFirst());
      edited = editor.saved(provenance().withParents("model"));
    }
    BrickFiles.write(directory.resolve("edited"), edited, backbone);
    SavedBrick read = BrickFiles.read(directory.resolve("edited"), backbone);
    assertEquals(edited, read);
    assertEquals(other, predict(read, model, TEXTS).getFirst());
    String third = before.get(1).equals("z") ? "y" : "z";
    try (var workers = new Workers(1); var editor = Editor.of(read, name -> model, backbone, workers, options)) {
      editor.edit(List.of(new Edit(TEXTS.get(1), third)), done -> {});
      assertEquals(List.of(other, third), editor.predict(TEXTS.subList(0, 2)));
    }
    try (var eraser = new Eraser(model, backbone, new EraserOptions(1, 4, 1, 0, 1, 1e-2, ".*", 0, 1))) {
      SavedBrick brick = eraser.erase(List.of("a"), List.of("b c"), provenance().withParents("model"), step -> {});
      BrickFiles.write(directory.resolve("eraser"), brick, backbone);
      assertEquals(brick, BrickFiles.read(directory.resolve("eraser"), backbone));
    }
  }
}
