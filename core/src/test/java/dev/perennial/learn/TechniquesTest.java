package dev.perennial.learn;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.Options;
import dev.perennial.UsageException;
import dev.perennial.learn.replay.MemoryOptions;
import dev.perennial.learn.replay.Replay;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TechniquesTest {

  private final Techniques techniques = Techniques.load();

  @Test
  void names_areThoseOfTheServiceFile() throws IOException, ReflectiveOperationException {
    var names = new TreeSet<String>();
    try (var lines = new BufferedReader(new InputStreamReader(Objects.requireNonNull(
        Method.class.getResourceAsStream("/META-INF/services/" + Method.class.getName())), UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        Technique technique = Objects.requireNonNull(Class.forName(line).getAnnotation(Technique.class), line);
        assertTrue(names.add(technique.name()), line + " has the name of another");
      }
    }
    assertTrue(names.contains("first-session-analytic"), names.toString());
    assertEquals(List.copyOf(names), techniques.names());
  }

  @Test
  void list_everyTechnique_hasTitleSourceCostAndOptions() {
    assertEquals(techniques.names(), techniques.list().stream().map(Techniques.Entry::name).toList());
    for (Techniques.Entry entry : techniques.list()) {
      assertFalse(entry.title().isBlank(), entry.name());
      assertTrue(entry.source().matches("arXiv \\d{4}\\.\\d{4,5}|[A-Z]+ \\d{4}"), entry.name());
      assertFalse(entry.cost().isBlank(), entry.name());
      assertTrue(entry.name().matches("[a-z][a-z0-9+]*(-[a-z0-9+]+)*"), entry.name());
      Techniques.Choice<?> unchanged = techniques.choose(entry.name(), Map.of());
      assertEquals(entry.options(), Options.flat(unchanged.options()), entry.name());
    }
  }

  @Test
  void named_unknownName_listsAllAndTheNearest() {
    assertEquals("expected a technique among " + String.join(", ", techniques.names())
        + ", got reply; did you mean replay?",
        assertThrows(UsageException.class, () -> techniques.named("reply")).getMessage());
  }

  @Test
  void choose_options_areTheMethods() {
    Techniques.Choice<?> choice = techniques.choose(
        "replay", Map.of("memory", "9", "keep", "reservoir", "rank", "4", "dropout", "0.5", "head", "cosine"));
    Replay.Options options = assertInstanceOf(Replay.Options.class, choice.options());
    assertEquals(9, options.kept().memory());
    assertEquals(MemoryOptions.Keep.RESERVOIR, options.kept().keep());
    assertEquals(4, options.training().brick().lora().rank());
    assertEquals(0.5, options.training().brick().lora().dropout());
    assertEquals("cosine", Options.flat(options).get("head"));
  }

  @Test
  void choose_wrongOption_namesTheTechnique() {
    String message = String.valueOf(assertThrows(
        UsageException.class, () -> techniques.choose("replay", Map.of("memroy", "9"))).getMessage());
    assertTrue(message.startsWith("expected an option of technique replay, got memroy: "), message);
    assertTrue(message.endsWith("; did you mean memory?"), message);
    assertEquals("option of technique replay: expected a memory between 1 and 10000000 examples, got 0",
        assertThrows(UsageException.class, () -> techniques.choose("replay", Map.of("memory", "0"))).getMessage());
    assertEquals("expected an option of technique ncm, got x: it has none",
        assertThrows(UsageException.class, () -> techniques.choose("ncm", Map.of("x", "0"))).getMessage());
  }

  @Test
  void load_serviceFileThatNamesNoMethod_isRefusedInOneLine(@TempDir Path own) throws IOException {
    for (String wrong : List.of("com.example.NotThere", TechniquesTest.class.getName(), "two words")) {
      Path services = Files.createDirectories(own.resolve("META-INF/services"));
      Files.writeString(services.resolve(Method.class.getName()), wrong + "\n");
      String message = String.valueOf(
          assertThrows(UsageException.class, () -> loadedWith(own)).getMessage());
      assertTrue(
          message.startsWith("expected every class named in META-INF/services/" + Method.class.getName()), message);
      assertEquals(1, message.lines().count(), message);
    }
  }

  @Test
  void load_methodsThatAreNotNamedOrNamedTwice_areRefusedInOneLine(@TempDir Path own) throws IOException {
    Path services = Files.createDirectories(own.resolve("META-INF/services"));
    Files.writeString(services.resolve(Method.class.getName()), Unnamed.class.getName() + "\n");
    String unnamed = String.valueOf(assertThrows(UsageException.class, () -> loadedWith(own)).getMessage());
    assertTrue(unnamed.contains("@Technique") && unnamed.contains(Unnamed.class.getName()), unnamed);
    Files.writeString(services.resolve(Method.class.getName()), SecondNcm.class.getName() + "\n");
    String twice = String.valueOf(assertThrows(UsageException.class, () -> loadedWith(own)).getMessage());
    assertTrue(twice.contains("got ncm from ") && twice.contains(SecondNcm.class.getName()), twice);
  }

  private static Techniques loadedWith(Path own) throws IOException {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (var loader = new URLClassLoader(new URL[] {own.toUri().toURL()}, before)) {
      thread.setContextClassLoader(loader);
      return Techniques.load();
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /** A method without a name. */
  public static class Unnamed implements Method<Unnamed.None> {

    /** There is nothing to choose. */
    public record None() {}

    @Override
    public None defaults() {
      return new None();
    }

    @Override
    public Learner learner(None options, LearnerContext context) {
      throw new UnsupportedOperationException();
    }
  }

  /** A method with the name of another. */
  @Technique(name = "ncm", title = "title", source = "source", cost = "cost")
  public static final class SecondNcm extends Unnamed {}
}
