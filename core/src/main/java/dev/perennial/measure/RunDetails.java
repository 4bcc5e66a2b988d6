package dev.perennial.measure;

import dev.perennial.budget.Ledger;
import dev.perennial.budget.Resource;
import dev.perennial.measure.Grid.Item;
import dev.perennial.measure.Grid.Row;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * What belongs to one run alone: its money, its bricks and how it was made.
 *
 * @param name the run
 * @param totals what it spent of each resource, against its budget
 * @param entries what it spent that on; no rows where nothing was charged
 * @param bricks its parameter modules; no rows where there are none
 * @param lineage the same as a picture
 * @param facts how it was made, by name
 */
record RunDetails(
    String name, Grid totals, Grid entries, Grid bricks, LineagePicture lineage, List<Fact> facts) {

  /** Something to know about a run. */
  record Fact(String name, String value) {}

  /** @param place of the run among those of the report, from 0 */
  static RunDetails of(int place, ReportRun run) {
    return new RunDetails(run.name(), totals(run), entries(run),
        BrickGrid.of(run.name() + ": bricks and where they come from", run.bricks()),
        LineagePicture.of("lineage-" + place, run.name() + ": lineage of the bricks", run.bricks()), facts(run));
  }

  boolean hasEntries() {
    return !entries.rows().isEmpty();
  }

  boolean hasBricks() {
    return !bricks.rows().isEmpty();
  }

  private static Grid totals(ReportRun run) {
    List<Row> rows = Arrays.stream(Resource.values()).map(resource -> total(run, resource)).toList();
    return Grid.of(
        run.name() + ": what was spent of each resource", List.of("Resource", "Spent", "Budget", "Left"), rows);
  }

  private static Row total(ReportRun run, Resource resource) {
    double spent = run.ledger().stream()
        .filter(e -> e.resource() == resource)
        .mapToDouble(Ledger.Entry::amount)
        .sum();
    OptionalDouble limit = run.budget().limit(resource);
    return new Row(
        resource.id(),
        "",
        List.of(
            Item.of(resource.format(spent)),
            Item.of(limit.isPresent() ? resource.format(limit.getAsDouble()) : "no limit"),
            Item.of(limit.isPresent() ? resource.format(Math.max(0, limit.getAsDouble() - spent)) : "–")));
  }

  private static Grid entries(ReportRun run) {
    var rows = new ArrayList<Row>();
    for (Ledger.Entry entry : run.ledger()) {
      rows.add(new Row(
          entry.what(),
          "",
          List.of(
              Item.of(Integer.toString(entry.experience() + 1)),
              Item.of(entry.resource().format(entry.amount())),
              Item.words(entry.resource().id()))));
    }
    return Grid.of(
        run.name() + ": the ledger, in the order of spending",
        List.of("What", "In experience", "Amount", "Resource"), rows);
  }

  private static List<Fact> facts(ReportRun run) {
    Result result = run.result();
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("technique", result.technique());
    result.options().forEach((name, value) -> facts.put("option " + name, String.valueOf(value)));
    facts.put("seed", Long.toString(result.seed()));
    facts.put("scenario", result.scenario());
    facts.put("experiences", Integer.toString(result.tasks()));
    facts.put("classes", Integer.toString(result.classes()));
    facts.putAll(run.facts());
    facts.put("state digest (SHA-256)", result.stateDigest());
    return facts.entrySet().stream().map(f -> new Fact(f.getKey(), f.getValue())).toList();
  }
}
