package dev.perennial.server.http;

import dev.perennial.server.Refused;
import dev.perennial.server.journal.Journal;
import dev.perennial.server.model.HeadSnapshot;
import dev.perennial.server.model.ServedModel;
import dev.perennial.server.model.Writer;
import dev.perennial.server.tenant.TenantName;
import dev.perennial.server.tenant.Tenants;
import dev.perennial.store.Access;
import dev.perennial.store.Commit;
import dev.perennial.store.Store;
import java.util.List;
import java.util.Map;

/** Models: which there are, what they know, and the commits of their stores. */
final class ModelCalls {

  private static final int NEWEST = 100;

  private final Tenants tenants;
  private final Writer writer;
  private final Journal journal;

  ModelCalls(Tenants tenants, Writer writer, Journal journal) {
    this.tenants = tenants;
    this.writer = writer;
    this.journal = journal;
  }

  void list(Call call) {
    call.answer(200, Map.of("models", tenants.names()));
  }

  void show(Call call) {
    call.answer(200, model(tenants.open(call.model())));
  }

  static Messages.Model model(ServedModel model) {
    HeadSnapshot snapshot = model.snapshot();
    var spec = model.directory().record().spec();
    return new Messages.Model(model.name(), spec.technique(), spec.backbone().isEmpty() ? "minilm" : spec.backbone(),
        model.enabled().orElse(null), model.learns(), snapshot.classes().size(), snapshot.rows(), snapshot.number(), snapshot.through());
  }

  void make(Call call) {
    String name = TenantName.require(call.part("model"));
    boolean made = tenants.create(name);
    call.answer(made ? 201 : 200, model(tenants.open(name)));
  }

  void delete(Call call) {
    String name = TenantName.require(call.part("model"));
    if (name.equals(TenantName.DEFAULT)) {
      throw new Refused(Refused.Reason.CONFLICT, "expected a model beside the default one, got the default one, which is"
          + " the store that the server was started with: name another");
    }
    tenants.open(name);
    writer.release(name);
    journal.forget(name);
    tenants.delete(name);
    call.answer(200, Map.of("deleted", name));
  }

  void classes(Call call) {
    call.answer(200, Map.of("classes", tenants.open(call.model()).classes()));
  }

  void snapshots(Call call) {
    ServedModel model = tenants.open(call.model());
    try (Store store = Store.open(model.directory().directory(), Access.READ)) {
      List<Messages.Snapshot> newest = store.log().stream().limit(NEWEST)
          .map(ModelCalls::snapshot).toList();
      call.answer(200, Map.of("snapshots", newest));
    }
  }

  private static Messages.Snapshot snapshot(Commit commit) {
    return new Messages.Snapshot(commit.id(), commit.time().toString(), !commit.collected());
  }

  void commit(Call call) {
    tenants.open(call.model()).requireLearns();
    call.answer(200, Map.of("through", writer.commitNow(call.model())));
  }
}
