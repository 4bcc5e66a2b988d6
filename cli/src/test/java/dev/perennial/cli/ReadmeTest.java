package dev.perennial.cli;

import static java.util.stream.Collectors.joining;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** What the README says is so. */
final class ReadmeTest {

  private static final Path README = Path.of("../README.md");
  private static final Path EXAMPLE = Path.of("src/test/java/dev/perennial/cli/ReadmeExample.java");

  @TempDir Path dir;

  @Test
  void javaExample_isTheProgramThatIsCompiled() throws IOException {
    String readme = Files.readString(README);
    int start = readme.indexOf("```java\n") + "```java\n".length();
    String shown = readme.substring(start, readme.indexOf("```", start));
    List<String> program = Files.readAllLines(EXAMPLE);
    int from = indexOf(program, "// README: from here");
    int to = indexOf(program, "// README: to here");
    String compiled =
        program.subList(from + 1, to).stream().map(line -> line.substring(4)).collect(joining("\n", "", "\n"));
    assertEquals(compiled, shown);
  }

  private static int indexOf(List<String> lines, String marker) {
    return lines.stream().map(String::strip).toList().indexOf(marker);
  }

  @Test
  void javaExample_runs() throws IOException, InterruptedException {
    var mail = new StringBuilder("body,folder\n");
    for (int i = 0; i < 10; i++) {
      mail.append("your parcel number ").append(i).append(" has arrived,deliveries\n");
      mail.append("lunch with friends at ").append(i).append(" o'clock,private\n");
    }
    Files.writeString(dir.resolve("mail.csv"), mail);
    Process process = Cli.startIn(dir, ReadmeExample.class);
    String out = process.inputReader().readAllAsString();
    String err = process.errorReader().readAllAsString();
    assertEquals(0, process.waitFor(), err);
    assertTrue(out.startsWith("final accuracy "), out);
    assertTrue(out.contains("your parcel has arrived: [Candidate[label=deliveries"), out);
    assertEquals("", err);
  }

  @Test
  void commands_haveOptionsThatExist() throws IOException {
    CommandLine commands = Cli.commands();
    int seen = 0;
    for (String line : Files.readAllLines(README)) {
      if (!line.startsWith("./perennial ")) {
        continue;
      }
      String[] words = line.replaceAll("#.*|\"[^\"]*\"", "").strip().split("\\s+", -1);
      CommandLine command = commands.getSubcommands().get(words[1]);
      assertTrue(command != null, line);
      command = words.length > 2 ? command.getSubcommands().getOrDefault(words[2], command) : command;
      List<String> names = command.getCommandSpec().options().stream().map(OptionSpec::longestName).toList();
      for (String word : words) {
        assertTrue(!word.startsWith("--") || names.contains(word), word + " in " + line);
      }
      seen++;
    }
    assertTrue(seen >= 7, "the README shows " + seen + " commands");
  }
}
