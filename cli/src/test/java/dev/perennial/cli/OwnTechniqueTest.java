package dev.perennial.cli;

import static java.util.stream.Collectors.joining;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What docs/your-own-technique.md says is so: its class, through the real launcher, from outside the jars. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class OwnTechniqueTest {

  private static final Path PAGE = Path.of("../docs/your-own-technique.md");
  private static final String CLASS_PATH = System.getProperty("java.class.path");

  @TempDir Path dir;

  private Path launcher = Path.of("");

  /** A tree as the launcher expects it after a build, with the class path of this test. */
  @BeforeEach
  void buildTree() throws IOException {
    Path target = Files.createDirectories(dir.resolve("tree/cli/target"));
    launcher = Files.copy(Path.of("../perennial"), dir.resolve("tree/perennial"));
    Files.createDirectory(target.resolve("classes"));
    Files.writeString(target.resolve("classpath.txt"), entries(false));
    Files.createFile(target.resolve("perennial.built"));
  }

  /** The entries of this test's class path that are jars, or those that are directories. */
  private static String entries(boolean directories) {
    return Arrays.stream(CLASS_PATH.split(File.pathSeparator, -1))
        .filter(entry -> Files.isDirectory(Path.of(entry)) == directories && !entry.isEmpty())
        .map(entry -> Path.of(entry).toAbsolutePath().toString())
        .collect(joining(File.pathSeparator));
  }

  private Cli.Outcome launch(String own, Object... arguments) throws IOException, InterruptedException {
    var command = new ArrayList<>(List.of("bash", launcher.toString()));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    Path out = dir.resolve("out.txt");
    Path err = dir.resolve("err.txt");
    var builder = new ProcessBuilder(command)
        .directory(dir.toFile())
        .redirectInput(new File("/dev/null"))
        .redirectOutput(out.toFile())
        .redirectError(err.toFile());
    builder.environment().put("PERENNIAL_JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("PERENNIAL_CLASSPATH", own + File.pathSeparator + entries(true));
    int exitCode = builder.start().waitFor();
    return new Cli.Outcome(exitCode, Files.readString(out), Files.readString(err));
  }

  /** The first block of the page that begins with these words. */
  private static String block(String beginning) throws IOException {
    String page = Files.readString(PAGE);
    int start = page.indexOf("\n" + beginning) + 1;
    return page.substring(start, page.indexOf("```", start));
  }

  /** Compiles the page's class into a directory, and names it there. */
  private void compile(Path classes) throws IOException {
    Path source = Files.writeString(dir.resolve("MovingMean.java"), block("package com.example;"));
    var said = new StringWriter();
    var compiler = ToolProvider.getSystemJavaCompiler();
    try (var files = compiler.getStandardFileManager(null, null, null)) {
      boolean compiled = compiler.getTask(said, files, null,
          List.of("-d", classes.toString(), "-cp", CLASS_PATH, "-proc:none"), null,
          files.getJavaFileObjects(source)).call();
      assertTrue(compiled, said::toString);
    }
    Path services = Files.createDirectories(classes.resolve("META-INF/services"));
    Files.writeString(services.resolve("dev.perennial.learn.Method"), block("com.example.MovingMean"));
  }

  @Test
  @Tag("heavy")
  void page_classAndServiceFile_areFoundLearnedWithAndPredictedWith() throws IOException, InterruptedException {
    Path own = dir.resolve("own");
    compile(own);
    Cli.Outcome listed = launch("own", "techniques").succeeded();
    assertTrue(listed.out().contains("moving-mean\n  source   Class means that follow drift"), listed.out());
    assertTrue(listed.out().contains("rate=0.1") && listed.out().contains("first-session-analytic"), listed.out());

    Path csv = Words.csv(dir.resolve("words.csv"));
    List<Object> learn = new ArrayList<>(List.of("learn", "--data", csv, "--text", "text", "--label", "label",
        "--split", "part", "--tasks", 2, "--technique", "moving-mean", "--option", "rate=0.2", "--threads", 2,
        "--store"));
    learn.add(dir.resolve("store"));
    learn.addAll(List.of("--json", dir.resolve("result.json")));
    launch("own", learn.toArray()).succeeded();
    assertEquals("moving-mean", Cli.json(dir.resolve("result.json")).get("technique").asText());
    double accuracy = Cli.json(dir.resolve("result.json")).get("finalAccuracy").asDouble();
    assertTrue(accuracy > 0.8, "accuracy " + accuracy);
    String said = launch("own", "predict", "--store", dir.resolve("store"), "an owl and a crow").succeeded().out();
    assertTrue(said.contains("bird"), said);

    launch("", "predict", "--store", dir.resolve("store"), "an owl")
        .complains(2, "moving-mean", "expected a technique");
  }

  @Test
  void launcher_jarsOfADirectory_areFound() throws IOException, InterruptedException {
    Path classes = dir.resolve("classes");
    compile(classes);
    Path jars = Files.createDirectory(dir.resolve("jars"));
    Process jar = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "jar").toString(),
        "--create", "--file", jars.resolve("own.jar").toString(), "-C", classes.toString(), ".").inheritIO().start();
    assertEquals(0, jar.waitFor());
    assertTrue(launch("jars/*", "techniques").succeeded().out().contains("moving-mean"));
    assertFalse(launch("", "techniques").succeeded().out().contains("moving-mean"));
  }

  @Test
  void launcher_pathThatIsNotThere_isRefusedInOneLine() throws IOException, InterruptedException {
    launch("nowhere.jar", "techniques").complains(2, "PERENNIAL_CLASSPATH", "nowhere.jar");
    launch("none/*", "techniques").complains(2, "PERENNIAL_CLASSPATH", "none/*");
  }
}
