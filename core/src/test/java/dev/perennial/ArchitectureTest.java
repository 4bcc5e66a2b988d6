package dev.perennial;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The package table of docs/architecture.md: what each package may use beside itself and the root package. Arrows point
 * one way. Random numbers are why data and stream may use tensor; costs are why measure may use budget.
 */
final class ArchitectureTest {

  private static final String ROOT = "dev.perennial";

  private static final Map<String, List<String>> MAY_USE = Map.ofEntries(
      Map.entry("tensor", List.of()),
      Map.entry("budget", List.of()),
      Map.entry("cluster", List.of("tensor")),
      Map.entry("data", List.of("tensor")),
      Map.entry("stream", List.of("data", "tensor")),
      Map.entry("backbone", List.of("tensor", "data")),
      Map.entry("brick", List.of("backbone", "tensor")),
      Map.entry("route", List.of("brick", "backbone", "tensor")),
      Map.entry("merge", List.of("brick", "backbone", "tensor")),
      Map.entry("grow", List.of("brick", "route", "merge", "backbone", "tensor")),
      Map.entry("learn", List.of(
          "brick", "backbone", "stream", "data", "route", "merge", "grow", "budget", "cluster", "tensor")),
      Map.entry("shrink", List.of("learn", "backbone", "data", "tensor")),
      Map.entry("edit", List.of("learn", "brick", "backbone", "data", "tensor")),
      Map.entry("allocate", List.of("engine", "learn", "measure", "brick", "backbone", "stream", "data", "budget", "tensor")),
      Map.entry("measure", List.of("stream", "budget")),
      Map.entry("open", List.of(
          "learn", "cluster", "measure", "brick", "backbone", "stream", "data", "tensor")),
      Map.entry("store", List.of("tensor")),
      Map.entry("snapshot", List.of("store", "tensor")),
      Map.entry("engine", List.of(
          "tensor", "budget", "data", "stream", "backbone", "brick", "route", "merge", "grow", "learn", "measure",
          "store", "snapshot", "restart", "cluster", "open")),
      Map.entry("restart", List.of("stream", "data", "tensor")),
      Map.entry("shard", List.of("learn", "brick", "store", "stream", "data", "tensor")),
      Map.entry("protect", List.of("store", "tensor")),
      Map.entry("tune", List.of("engine", "restart", "learn", "measure", "stream", "data", "budget", "tensor")));

  private static final JavaClasses CLASSES = new ClassFileImporter()
      .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
      .importPackages(ROOT);

  static Stream<String> packages() {
    return MAY_USE.keySet().stream().sorted();
  }

  @ParameterizedTest
  @MethodSource("packages")
  void package_usesWhatTheTableAllows(String name) {
    var allowed = new ArrayList<String>(List.of(ROOT, subtree(name)));
    MAY_USE.getOrDefault(name, List.of()).forEach(other -> allowed.add(subtree(other)));
    noClasses().that().resideInAPackage(subtree(name))
        .should().dependOnClassesThat(
            resideInAPackage(subtree("")).and(not(resideInAnyPackage(allowed.toArray(new String[0])))))
        .allowEmptyShould(true)
        .check(CLASSES);
  }

  @Test
  void bricks_knowNothingOfFilesAndFormatsNothingOfLibraries() {
    noClasses().that().resideInAPackage(ROOT + ".brick")
        .should().dependOnClassesThat().resideInAnyPackage(ROOT + ".brick.format..", ROOT + ".brick.library..")
        .check(CLASSES);
    noClasses().that().resideInAPackage(ROOT + ".brick.format..")
        .should().dependOnClassesThat().resideInAPackage(ROOT + ".brick.library..")
        .check(CLASSES);
  }

  @Test
  void rootPackage_usesNoOther() {
    classes().that().resideInAPackage(ROOT)
        .should().onlyDependOnClassesThat(resideInAPackage(ROOT).or(not(resideInAPackage(subtree("")))))
        .check(CLASSES);
  }

  @Test
  void everyClass_isInAPackageOfTheTable() {
    var unknown = new TreeSet<String>();
    CLASSES.forEach(type -> {
      String inner = type.getPackageName().substring(ROOT.length());
      if (!inner.isEmpty() && !MAY_USE.containsKey(inner.substring(1).split("\\.", -1)[0])) {
        unknown.add(type.getPackageName());
      }
    });
    assertEquals(new TreeSet<>(), unknown);
  }

  @Test
  void table_hasNoWayRound() {
    for (String from : MAY_USE.keySet()) {
      assertEquals(List.of(), reachable(from).stream().filter(from::equals).toList());
    }
  }

  private static List<String> reachable(String from) {
    var reached = new ArrayList<>(MAY_USE.getOrDefault(from, List.of()));
    for (int i = 0; i < reached.size(); i++) {
      for (String next : MAY_USE.getOrDefault(reached.get(i), List.of())) {
        if (!reached.contains(next)) {
          reached.add(next);
        }
      }
    }
    return reached;
  }

  private static String subtree(String name) {
    return String.join(".", Arrays.stream(new String[] {ROOT, name}).filter(part -> !part.isEmpty()).toList()) + "..";
  }
}
