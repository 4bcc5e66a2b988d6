package dev.perennial.shard;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Example;
import dev.perennial.learn.Learner;
import dev.perennial.learn.World;
import dev.perennial.store.Access;
import dev.perennial.store.Backup;
import dev.perennial.store.Commit;
import dev.perennial.store.Position;
import dev.perennial.store.StateDigest;
import dev.perennial.store.Store;
import dev.perennial.store.StoredParts;
import dev.perennial.tensor.Exchange;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What version 1 wrote, as it was written then, loads; later versions add files here and change none. */
@TestInstance(TestInstance.Lifecycle.PER_METHOD)
final class GoldenTest {

  private static final String STATE_1 = "eae2891b28f3dfd219f7f73672770f83cbfbc49b7e716af6b00b598d44b57d86";
  private static final String SHARDS_1 = "87ef1f33be80c03a04344bee8af77e29a04793e4c8945f71cfdd18bffa628205";

  @TempDir private Path dir;
  private final World world = World.tiny(1);
  private final TensorScope scope = TensorScope.inference();

  @BeforeEach
  void threadsAreOurs() {
    assertEquals(1, world.workers().size());
  }

  @AfterEach
  void close() {
    scope.close();
    world.close();
  }

  private float[] scores(Learner learner) {
    return Tensors.toFloats(learner.scores(world.experiences().getFirst().train().stream().map(Example::input).toList()));
  }

  private float[] learnedNow(String technique) {
    try (Learner learner = Golden.learner(world, technique, Exchange.ALONE)) {
      Golden.learn(world, learner);
      return scores(learner);
    }
  }

  @Test
  void store_ofVersion1_opensVerifiesServesAndGoesOn() throws IOException {
    Path place = Golden.unzip("store-1.zip", dir);
    checkAndServe(place);
    try (Store store = Store.open(place, Access.WRITE)) {
      assertEquals(List.of(), store.verify());
      Commit head = store.head().orElseThrow();
      List<StatePart> parts;
      try (StoredParts opened = store.parts(head)) {
        parts = List.copyOf(opened.parts().values());
        assertEquals(3, store.commit(new Position(1, 1), parts, Map.of(), Golden.TIME).id());
      }
      assertEquals(List.of(3L, 2L, 1L), store.commits().stream().map(Commit::id).toList());
    }
  }

  private void checkAndServe(Path place) {
    try (Store store = Store.open(place, Access.READ)) {
      assertEquals(Golden.SPEC, store.spec());
      Commit head = store.head().orElseThrow();
      assertEquals(2, head.id());
      assertEquals(new Position(1, 0), head.position());
      assertEquals(Golden.TIME, head.time());
      assertEquals(Golden.DOCUMENTS, head.documents());
      assertEquals(List.of(false, true), store.commits().stream().map(Commit::collected).toList());
      try (StoredParts parts = store.parts(head);
          Learner learner = Golden.learner(world, Golden.TECHNIQUE_OF_STORE, Exchange.ALONE)) {
        assertEquals(STATE_1, StateDigest.of(parts.parts().values()));
        learner.restore(parts.parts(), world.experiences().subList(0, 1));
        assertEquals(STATE_1, StateDigest.of(learner.state()));
        assertArrayEquals(learnedNow(Golden.TECHNIQUE_OF_STORE), scores(learner), 1e-4f);
      }
    }
  }

  @Test
  void backup_ofVersion1_restores() throws IOException {
    Path backup = Golden.unzip("backup-1.zip", dir.resolve("backup"));
    Path place = dir.resolve("store");
    Backup.restore(backup, place, (done, of) -> {});
    checkAndServe(place);
  }

  @Test
  void shards_ofVersion1_openOnAnyNumber() throws IOException {
    Path place = Golden.unzip("shards-1.zip", dir);
    try (ShardFiles.Opened opened = ShardFiles.open(place)) {
      assertEquals(2, opened.shards().size());
      assertEquals(SHARDS_1, StateDigest.of(Shards.unite(opened.shards())));
      for (int count : new int[] {1, 2, 4, 8}) {
        var asked = new ArrayList<Exchange>();
        try (var replicas = new Replicas(count, exchange -> {
          asked.add(exchange);
          return Golden.learner(world, Golden.TECHNIQUE_OF_SHARDS, exchange);
        })) {
          replicas.restore(opened.shards(), world.experiences().subList(0, 1));
          assertEquals(SHARDS_1, StateDigest.of(replicas.state()));
          assertArrayEquals(learnedNow(Golden.TECHNIQUE_OF_SHARDS), scores(replicas), 1e-4f);
          assertTrue(asked.size() == count);
        }
      }
    }
  }
}
