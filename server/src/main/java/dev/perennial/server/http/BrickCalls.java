package dev.perennial.server.http;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.brick.Brick;
import dev.perennial.brick.SavedBrick;
import dev.perennial.brick.format.BrickFiles;
import dev.perennial.brick.library.Library;
import dev.perennial.engine.StoreBricks;
import dev.perennial.merge.MergeOptions;
import dev.perennial.merge.Merged;
import dev.perennial.merge.Merger;
import dev.perennial.merge.Recipe;
import dev.perennial.merge.RecipeValue;
import dev.perennial.server.Refused;
import dev.perennial.server.model.ServedModel;
import dev.perennial.server.model.Writer;
import dev.perennial.server.tenant.Tenants;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The bricks of a model's store: what there is, in and out as PEFT directories, older versions, and merging. */
final class BrickCalls {

  private final Tenants tenants;
  private final Writer writer;
  private final Jobs jobs;

  BrickCalls(Tenants tenants, Writer writer, Jobs jobs) {
    this.tenants = tenants;
    this.writer = writer;
    this.jobs = jobs;
  }

  private Path directory(Call call) {
    return tenants.open(call.model()).directory().directory();
  }

  void list(Call call) {
    call.answer(200, Map.of("bricks", StoreBricks.list(directory(call)).stream().map(BrickCalls::brick).toList()));
  }

  private static Messages.Brick brick(StoreBricks.Entry entry) {
    return new Messages.Brick(entry.name(), entry.kind(), entry.parameters(), entry.place(), entry.provenance().technique(),
        entry.provenance().parents(), entry.provenance().learnedOn());
  }

  void show(Call call) {
    call.answer(200, brick(entry(call)));
  }

  private StoreBricks.Entry entry(Call call) {
    String name = call.part("brick");
    return StoreBricks.list(directory(call)).stream().filter(entry -> entry.name().equals(name)).findFirst().orElseThrow(
        () -> new Refused(Refused.Reason.UNKNOWN, "expected a brick of the model " + call.model()
            + ", got another: look at the list of bricks"));
  }

  void exportZip(Call call) {
    String name = entry(call).name();
    try (StoreBricks bricks = StoreBricks.open(directory(call)); var files = new BrickZip()) {
      bricks.exportTo(name, files.directory());
      call.answer(200, Call.ZIP, files.packed());
    }
  }

  void importZip(Call call) {
    call.require(Call.ZIP);
    String name = Checks.label(call.part("brick"), "brick", call.limits());
    byte[] zip = call.bytes();
    try (StoreBricks bricks = StoreBricks.open(directory(call)); var files = new BrickZip()) {
      files.unpack(zip, 4L * call.limits().bodyBytes());
      requireReadable(files.directory(), bricks.backbone());
      bricks.importFrom(files.directory(), name);
    }
    call.answer(201, Map.of("brick", name));
  }

  /** What is wrong with an archive is its sender's to mend, and no failure of this server. */
  private static void requireReadable(Path directory, Backbone backbone) {
    try {
      BrickFiles.read(directory, backbone);
    } catch (FailureException e) {
      throw new Refused(Refused.Reason.UNPROCESSABLE, String.valueOf(e.getMessage()).replace(directory + "/", ""), e);
    }
  }

  void rollBack(Call call) {
    Messages.Rollback message = call.body(Messages.Rollback.class);
    String name = entry(call).name();
    try (StoreBricks bricks = StoreBricks.open(directory(call))) {
      call.answer(200, Map.of("brick", bricks.rollBack(name, message.to())));
    }
  }

  /** Lets a brick of the library act on the backbone of a model that has learned nothing yet. */
  void enable(Call call) {
    String name = call.part("brick");
    ServedModel model = tenants.open(call.model());
    model.requireLearns();
    if (model.directory().adapter().isPresent()) {
      throw new Refused(Refused.Reason.CONFLICT, "expected a model without a brick of its own, got one of "
          + model.directory().record().spec().technique() + ": make a new model, import the brick there, and enable it");
    }
    if (entry(call).place().equals("learned")) {
      throw new Refused(Refused.Reason.UNPROCESSABLE, "expected a brick of the library, got one that was learned and acts"
          + " already: export it, and import it under another name into a new model");
    }
    var library = new Library(directory(call).resolve(StoreBricks.LIBRARY));
    String version = library.versioned(name);
    Backbone backbone = model.encoder().orElseThrow().backbone();
    Brick fitting = library.read(version, backbone).on(backbone);
    writer.enable(call.model(), version);
    call.answer(200, new Messages.EnabledBrick(version, fitting.lowestBlock()));
  }

  void merge(Call call) {
    Messages.Merge message = call.body(Messages.Merge.class);
    String name = Checks.label(message.name(), "name", call.limits());
    String method = Checks.label(message.method(), "method", call.limits());
    if (message.bricks() == null || message.bricks().isEmpty()) {
      throw new Refused(Refused.Reason.MALFORMED, "expected a field bricks with the names of one or more, got none");
    }
    List<Recipe.Model> models = message.bricks().stream()
        .map(brick -> new Recipe.Model(Checks.label(brick, "bricks", call.limits()))).toList();
    var parameters = new LinkedHashMap<String, RecipeValue>();
    if (message.parameters() != null) {
      message.parameters().forEach((key, value) -> parameters.put(key, new RecipeValue.Scalar(value)));
    }
    Recipe recipe;
    try {
      recipe = new Recipe(method, null, models, parameters);
    } catch (UsageException e) {
      throw new Refused(Refused.Reason.UNPROCESSABLE, String.valueOf(e.getMessage()), e);
    }
    Path directory = directory(call);
    Jobs.Job job = jobs.start("merge", call.model(), step -> merged(directory, name, recipe, step));
    call.header("Location", "/v1/jobs/" + job.id());
    call.answer(202, job);
  }

  private static Object merged(Path directory, String name, Recipe recipe, Jobs.Step step) {
    try (StoreBricks bricks = StoreBricks.open(directory)) {
      bricks.requireNew(name);
      Set<String> names = recipe.bricks(bricks.backbone().name());
      var parents = new LinkedHashMap<String, SavedBrick>();
      for (String parent : names) {
        parents.put(parent, bricks.read(parent));
        step.at(0.5 * parents.size() / names.size());
      }
      Merged merged = Merger.merge(recipe, parents, bricks.backbone(), new MergeOptions(0, false, 0));
      step.at(0.9);
      bricks.add(name, merged.brick());
      return Map.of("brick", name);
    }
  }
}
