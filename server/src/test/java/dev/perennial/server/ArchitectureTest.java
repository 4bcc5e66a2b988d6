package dev.perennial.server;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The packages of the server use what the table "Packages of server" of docs/architecture.md says, and nothing else. */
final class ArchitectureTest {

  private static final String ROOT = "dev.perennial.server";
  private static final String ROOT_NAME = "server";
  private static final Pattern ROW = Pattern.compile("\\| ([a-z]+) \\|[^|]*\\| ([a-z, ]+|-) \\|");

  /** Those from where this one comes, and so no tests. */
  private static final JavaClasses CLASSES = new ClassFileImporter()
      .importUrl(ServerListener.class.getProtectionDomain().getCodeSource().getLocation());

  /** What each package uses, in the order of the table. */
  private static Map<String, List<String>> table() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "architecture.md"), UTF_8);
    String section = page.substring(page.indexOf("|---", page.indexOf("## Packages of server")), page.indexOf("## A step"));
    var table = new LinkedHashMap<String, List<String>>();
    for (Matcher row = ROW.matcher(section); row.find(); ) {
      List<String> uses = switch (row.group(2)) {
        case "-" -> List.of();
        case "all above" -> List.copyOf(table.keySet());
        default -> List.of(row.group(2).split(", "));
      };
      assertFalse(table.containsKey(row.group(1)), row.group(1) + " stands there twice");
      table.put(row.group(1), uses);
    }
    assertTrue(table.containsKey(ROOT_NAME), "the table has no row of the root package");
    return table;
  }

  @Test
  void package_usesWhatTheTableAllows() throws IOException {
    for (Map.Entry<String, List<String>> row : table().entrySet()) {
      String name = row.getKey();
      var allowed = new ArrayList<>(List.of(subtree(name)));
      row.getValue().forEach(other -> allowed.add(subtree(other)));
      if (!name.equals("drift")) {
        allowed.add(ROOT);
      }
      noClasses().that().resideInAPackage(subtree(name))
          .should().dependOnClassesThat(
              resideInAPackage(ROOT + "..").and(not(resideInAnyPackage(allowed.toArray(new String[0])))))
          .check(CLASSES);
    }
  }

  @Test
  void everyArrow_ofTheTable_isThereAndPointsUp() throws IOException {
    Map<String, List<String>> table = table();
    List<String> order = List.copyOf(table.keySet());
    table.forEach((name, uses) -> uses.forEach(used -> {
      assertTrue(order.contains(used), name + " uses " + used + ", which has no row");
      assertTrue(order.indexOf(used) < order.indexOf(name), name + " stands above " + used + ", which it uses");
      // "all above" is what may be used.
      assertTrue(name.equals("http") || CLASSES.stream().filter(type -> isIn(type.getPackageName(), name))
          .flatMap(type -> type.getDirectDependenciesFromSelf().stream())
          .anyMatch(arrow -> isIn(arrow.getTargetClass().getPackageName(), used)), name + " does not use " + used);
    }));
  }

  @Test
  void everyPackage_isInTheTable_andNoOther() throws IOException {
    var there = new TreeSet<String>();
    CLASSES.forEach(type -> there.add(type.getPackageName().equals(ROOT)
        ? ROOT_NAME
        : type.getPackageName().substring(ROOT.length() + 1).split("\\.", -1)[0]));
    assertEquals(there, new TreeSet<>(table().keySet()));
  }

  private static boolean isIn(String packageName, String name) {
    return name.equals(ROOT_NAME)
        ? packageName.equals(ROOT)
        : packageName.equals(ROOT + "." + name) || packageName.startsWith(ROOT + "." + name + ".");
  }

  private static String subtree(String name) {
    return name.equals(ROOT_NAME) ? ROOT : ROOT + "." + name + "..";
  }
}
