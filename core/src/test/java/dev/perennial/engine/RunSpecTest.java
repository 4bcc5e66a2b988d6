package dev.perennial.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.stream.Scenario;
import org.junit.jupiter.api.Test;

final class RunSpecTest {

  private static final RunSpec SPEC = RunSpec.of(DataSpec.wordnet(10), 9).withThreads(2).withTechnique("ncm");

  @Test
  void json_scenarioWithOptions_readsBackTheSame() {
    var spec = SPEC.withScenario(Scenario.of("blurry").withOption("share", "0.3"));
    assertEquals(spec, RunSpec.fromJson(spec.toJson()));
    assertEquals("blurry share=0.3", RunSpec.fromJson(spec.toJson()).scenario().text());
  }

  /** Version 0.1 wrote a scenario as a constant's name, and knew rows of one label only. */
  @Test
  void json_ofVersion01_isReadAsBefore() {
    String now = SPEC.withScenario(Scenario.TASK_INCREMENTAL).toJson();
    String before = now.replace("{\"id\":\"task-incremental\",\"options\":{}}", "\"TASK_INCREMENTAL\"")
        .replace(",\"labelSeparator\":null", "");
    assertTrue(before.contains("\"scenario\":\"TASK_INCREMENTAL\",\"tasks\":9"), before);
    assertTrue(!before.contains("labelSeparator"), before);
    assertEquals(SPEC.withScenario(Scenario.TASK_INCREMENTAL), RunSpec.fromJson(before));
    assertTrue(RunSpec.fromJson(before).scenario().taskTold());
  }

  @Test
  void fitted_rowsThatArriveOnce_makesOnePass() {
    var online = SPEC.withScenario(Scenario.of("online")).withTechnique("replay");
    assertEquals("1", online.fitted().options().get("epochs"));
    assertEquals(online.fitted(), online.withOption("epochs", "1").fitted());
    assertSame(SPEC, SPEC.fitted());
    assertEquals(SPEC.withScenario(Scenario.of("online")), SPEC.withScenario(Scenario.of("online")).fitted());
    assertEquals("expected epochs=1 with the scenario online, whose rows arrive once, got epochs=3: leave it out",
        assertThrows(UsageException.class, () -> online.withOption("epochs", "3").fitted()).getMessage());
  }
}
