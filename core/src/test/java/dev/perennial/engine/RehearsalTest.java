package dev.perennial.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.budget.Budget;
import dev.perennial.data.Dataset;
import dev.perennial.measure.Result;
import dev.perennial.tune.TinyImages;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs in memory alone. */
final class RehearsalTest {

  @TempDir Path dir;

  private RunSpec spec() throws IOException {
    Path images = TinyImages.write(dir.resolve("images"));
    var data = new DataSpec(List.of(images.toString()), null, null, null, null, null, List.of(), 0, 0, 0, false);
    return RunSpec.of(data, 3).withTechnique("fine-tune").withOption("epochs", "1").withThreads(1);
  }

  @Test
  void rehearse_sameRows_endsWhereARunInAStoreEnds() throws IOException {
    RunSpec spec = spec();
    Dataset rows = Datasets.read(spec.data(), spec.seed());
    try (Run run = Run.create(spec, dir.resolve("store"), Clock.systemUTC(), RunListener.SILENT);
        Run rehearsal = Run.rehearse(spec, rows, Clock.systemUTC(), RunListener.SILENT)) {
      Result durable = run.execute();
      Result rehearsed = rehearsal.execute();
      assertEquals(durable.stateDigest(), rehearsed.stateDigest());
      assertEquals(durable.accuracy(), rehearsed.accuracy());
      assertEquals(run.reportRun("a").ledger(), rehearsal.reportRun("a").ledger());
    }
  }

  @Test
  void rehearse_budgetOfSecondsUsedUp_saysNothingOfAStore() throws IOException {
    RunSpec spec = spec().withBudget(Budget.parse(List.of("seconds=0.000001")));
    try (Run run = Run.rehearse(
        spec, Datasets.read(spec.data(), spec.seed()), Clock.systemUTC(), RunListener.SILENT)) {
      String message = String.valueOf(assertThrows(FailureException.class, run::execute).getMessage());
      assertTrue(message.endsWith("is used up in experience 1 of 3"), message);
    }
  }
}
