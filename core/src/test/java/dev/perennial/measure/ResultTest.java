package dev.perennial.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ResultTest {

  @Test
  void toJson_anyResult_hasExactlyTheNamesInOrder() throws Exception {
    JsonNode json = new JsonMapper().readTree(Results.byHand("g-acil").toJson());
    assertEquals(
        List.of(
            "technique", "options", "seed", "scenario", "tasks", "classes", "accuracy", "finalAccuracy",
            "averageAccuracy", "anytimeAccuracy", "forgetting", "taskForgetting", "taskAccuracy", "backwardTransfer",
            "trainableParameters", "addedBytes", "memoryBytes", "learnSeconds", "evaluateSeconds",
            "examplesPerSecond", "peakResidentBytes", "stateDigest"),
        names(json));
    assertEquals("g-acil", json.get("technique").textValue());
    assertEquals("class-incremental", json.get("scenario").textValue());
    assertEquals(3, json.get("tasks").intValue());
    assertEquals(4, json.get("classes").intValue());
    assertEquals("[[0.9],[1.0,0.8],[0.8,0.5,1.0]]", json.get("accuracy").toString());
    assertEquals(0.7, json.get("finalAccuracy").doubleValue());
    assertEquals(-0.2, json.get("backwardTransfer").doubleValue(), 1e-15);
    assertEquals(294_912, json.get("trainableParameters").longValue());
  }

  @Test
  void toJson_options_keepTheirOrderAndTypes() throws Exception {
    var options = new LinkedHashMap<String, Object>();
    options.put("width", 8192);
    options.put("ridge", 0.01);
    options.put("bias", true);
    options.put("sites", List.of("query", "value"));
    options.put("a", "é \"</script>\"");
    JsonNode json = new JsonMapper().readTree(Results.with("g-acil", options).toJson());
    assertEquals(
        "{\"width\":8192,\"ridge\":0.01,\"bias\":true,\"sites\":[\"query\",\"value\"],\"a\":\"é \\\"</script>\\\"\"}",
        json.get("options").toString());
  }

  @Test
  void toJson_sameResult_isTheSameTextAndReadsBack() throws Exception {
    Result result = Results.byHand("g-acil");
    assertEquals(result.toJson(), Results.byHand("g-acil").toJson());
    assertEquals(result, new JsonMapper().readValue(result.toJson(), Result.class));
    assertTrue(result.toJson().startsWith("{\n  \"technique\" : \"g-acil\",\n"), result.toJson());
    assertTrue(result.toJson().endsWith("}\n"));
  }

  @Test
  void toJson_list_keepsTheOrderOfTheRuns() throws Exception {
    String text = Result.toJson(List.of(Results.byHand("lora-acil"), Results.byHand("fine-tune")));
    JsonNode json = new JsonMapper().readTree(text);
    assertTrue(json.isArray());
    assertEquals("lora-acil", json.get(0).get("technique").textValue());
    assertEquals("fine-tune", json.get(1).get("technique").textValue());
    assertEquals(22, names(json.get(1)).size());
  }

  @Test
  void cost_negativeOrUndefined_isRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Cost(-1, 0, 0, 0, 0, 0, 0));
    assertThrows(IllegalArgumentException.class, () -> new Cost(0, 0, 0, 0, 0, Double.NaN, 0));
    assertThrows(IllegalArgumentException.class, () -> new Cost(0, 0, 0, 0, 0, Double.POSITIVE_INFINITY, 0));
  }

  @Test
  void construct_optionsChangedAfterwards_keepsItsOwn() {
    var options = new LinkedHashMap<String, Object>(Map.of("rank", 8));
    Result result = Results.with("lora", options);
    options.put("rank", 16);
    assertEquals(Map.of("rank", 8), result.options());
  }

  private static List<String> names(JsonNode json) {
    var names = new ArrayList<String>();
    json.fieldNames().forEachRemaining(names::add);
    return names;
  }
}
