package dev.perennial.cli;

import dev.perennial.stream.Scenario;
import dev.perennial.stream.Scenarios;
import java.io.PrintWriter;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code perennial scenarios}: the ways to make a stream of rows. */
@Command(
    name = "scenarios",
    header = "List the scenarios: name, what comes with an experience, source, options and their defaults.",
    footer = {
        "  ./perennial scenarios",
        "  ./perennial scenarios --json",
        "  ./perennial learn --data wordnet --tasks 9 --scenario drift --scenario-option kind=gradual --store drift"})
final class ScenariosCommand implements Runnable {

  @Option(names = "--json", description = "Print a JSON list.")
  private boolean json;

  private final Console console;

  ScenariosCommand(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    List<Scenarios.Entry> scenarios = Scenarios.load().list();
    if (json) {
      console.out().println(Json.pretty(scenarios));
    } else {
      scenarios.forEach(this::print);
    }
  }

  private void print(Scenarios.Entry scenario) {
    PrintWriter out = console.out();
    boolean isDefault = scenario.name().equals(Scenario.CLASS_INCREMENTAL.id());
    out.println(scenario.name() + (isDefault ? "   (the default)" : ""));
    out.println("  brings   " + scenario.what());
    out.println("  source   " + scenario.title() + ", " + scenario.source());
    out.println("  options  " + (scenario.options().isEmpty() ? "none" : scenario.options().entrySet().stream()
        .map(option -> option.getKey() + "=" + option.getValue())
        .collect(Collectors.joining("  "))));
    out.println();
  }
}
