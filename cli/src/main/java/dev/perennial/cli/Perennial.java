package dev.perennial.cli;

import dev.perennial.bench.BenchCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command {@code perennial}, which does nothing but name its commands. */
@Command(
    name = "perennial",
    scope = ScopeType.INHERIT,
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpWidth = 110,
    synopsisSubcommandLabel = "COMMAND",
    header = "Models that keep learning: one experience after another, without forgetting, across restarts.",
    optionListHeading = "%nOptions:%n",
    commandListHeading = "%nCommands:%n",
    footerHeading = "%nExamples:%n",
    footer = {
        "  ./perennial demo                      learn WordNet, and see what there is to see",
        "  ./perennial learn --data mail.csv --text body --label folder --tasks 5 --store mail",
        "  ./perennial predict --store mail \"your parcel has arrived\"",
        "  ./perennial learn --help              every command teaches itself"})
final class Perennial implements Runnable {

  @Option(
      names = "--verbose",
      scope = ScopeType.INHERIT,
      description = "With a complaint, print where in the program it comes from.")
  private boolean verbose;

  @Spec
  private CommandSpec spec = CommandSpec.create();

  private Perennial() {}

  /**
   * Runs one command.
   *
   * @return the exit code: 0, 2 where the request was wrong, 1 where it was right and could not be met
   */
  static int run(Console console, String... arguments) {
    var root = new Perennial();
    var complaints = new Complaints(() -> root.verbose);
    try {
      return root.commandLine(console, complaints, arguments).execute(arguments);
    } catch (Error e) {
      return complaints.tellError(e, console.err());
    }
  }

  /** All commands. */
  static CommandLine commandLine(Console console) {
    var root = new Perennial();
    return root.commandLine(console, new Complaints(() -> root.verbose));
  }

  /** All commands, or the one that is asked for alone where it has to start fast. */
  private CommandLine commandLine(Console console, Complaints complaints, String... arguments) {
    return arguments.length > 0 && arguments[0].equals("predict")
        ? settings(new CommandLine(this).addSubcommand(new PredictCommand(console)), console, complaints)
        : arguments.length > 1 && arguments[0].equals("doctor") && arguments[1].equals("--probe")
        ? settings(new CommandLine(this).addSubcommand(new DoctorCommand(console)), console, complaints)
        : settings(all(console), console, complaints);
  }

  private CommandLine all(Console console) {
    return new CommandLine(this)
        .addSubcommand(new DemoCommand(console))
        .addSubcommand(new LearnCommand(console))
        .addSubcommand(new RunCommand(console))
        .addSubcommand(new PredictCommand(console))
        .addSubcommand(new DiscoverCommand(console))
        .addSubcommand(new TeachCommand(console))
        .addSubcommand(new ServeCommand(console))
        .addSubcommand(new ResumeCommand(console))
        .addSubcommand(new InspectCommand(console))
        .addSubcommand(new VerifyCommand(console))
        .addSubcommand(new DoctorCommand(console))
        .addSubcommand(BricksCommand.commandLine(console))
        .addSubcommand(StoreCommand.commandLine(console))
        .addSubcommand(new ShrinkCommand(console))
        .addSubcommand(new TechniquesCommand(console))
        .addSubcommand(new ScenariosCommand(console))
        .addSubcommand(new RecommendCommand(console))
        .addSubcommand(new AllocateCommand(console))
        .addSubcommand(new BenchCommand());
  }

  private static CommandLine settings(CommandLine commands, Console console, Complaints complaints) {
    return commands
        .setOut(console.out())
        .setErr(console.err())
        .setUnmatchedOptionsAllowedAsOptionParameters(false)
        .setParameterExceptionHandler(complaints)
        .setExecutionExceptionHandler(complaints);
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }
}
