package dev.perennial.engine;

import dev.perennial.FailureException;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.format.BrickFiles;
import dev.perennial.brick.library.Library;
import dev.perennial.learn.Learner;
import dev.perennial.measure.BrickRow;
import dev.perennial.merge.Recipe;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Bricks as reports list and draw them: those that were learned, then every version of those of the library. */
final class BrickRows {

  /** As provenance has them, from 0. */
  private static final Pattern EXPERIENCES = Pattern.compile("((?<first>[0-9]{1,9})-)?(?<last>[0-9]{1,9})");

  private BrickRows() {}

  /**
   * Bricks of a learner.
   *
   * @param technique that learned them
   * @param accuracy of the model, which the one that is the parent of no other gets; empty where it is not known
   */
  static List<BrickRow> learned(List<Learner.BrickInfo> bricks, String technique, OptionalDouble accuracy) {
    var parents = new HashSet<String>();
    bricks.forEach(brick -> parents.addAll(brick.provenance().parents()));
    List<String> last = bricks.stream().map(Learner.BrickInfo::name).filter(name -> !parents.contains(name)).toList();
    return bricks.stream()
        .map(brick -> new BrickRow(brick.name(), brick.kind(), brick.parameters(), brick.provenance().parents(),
            learned(technique, brick.provenance().learnedOn()), experiences(brick.provenance().learnedOn()), true,
            last.equals(List.of(brick.name())) ? accuracy : OptionalDouble.empty()))
        .toList();
  }

  /**
   * Every version of every brick of a library; those whose files are damaged say so. O(versions) files are opened.
   *
   * @param learned names of bricks that theirs may be made of
   */
  static List<BrickRow> library(Library library, List<String> learned) {
    List<String> versions = library.versions();
    var known = new HashSet<>(versions);
    known.addAll(learned);
    var rows = new ArrayList<BrickRow>();
    for (int i = 0; i < versions.size(); i++) {
      String version = versions.get(i);
      boolean current = i + 1 == versions.size()
          || !Library.nameOf(versions.get(i + 1)).equals(Library.nameOf(version));
      rows.add(row(library, version, known, current));
    }
    return List.copyOf(rows);
  }

  private static BrickRow row(Library library, String version, Set<String> known, boolean current) {
    BrickFiles.Summary summary;
    try {
      summary = library.summary(version);
    } catch (FailureException e) {
      return new BrickRow(version, "damaged", 0, List.of(), "cannot be read", "", current, OptionalDouble.empty());
    }
    Provenance provenance = summary.provenance();
    List<String> parents = provenance.parents().stream()
        .map(parent -> !known.contains(parent) && known.contains(parent + "@1") ? parent + "@1" : parent)
        .toList();
    return new BrickRow(version, summary.kind(), summary.parameters(), parents, made(provenance),
        experiences(provenance.learnedOn()), current, accuracy(provenance.recipe()));
  }

  /** How a brick of the library was made, in words. */
  static String made(Provenance provenance) {
    String technique = provenance.technique();
    String bits = provenance.recipe().getOrDefault("bits", "");
    return switch (technique) {
      case "imported" -> "imported";
      case Library.ROLLBACK -> "rolled back";
      case "nested", "bitstack" -> bits.isEmpty() ? "shrunk by " + technique : "shrunk to " + bits + " bits";
      case "ultraedit", "irepair" -> "edited by " + technique;
      case "erase" -> "erased by erase";
      case "poly", "mhr", "mhr-z", "mhr-mu" -> "routed skills, by " + technique;
      default -> technique.startsWith("prune ") ? "pruned to " + technique.substring("prune ".length())
          : provenance.parents().isEmpty() ? learned(technique, provenance.learnedOn())
          : Recipe.methods().contains(technique) ? "merged by " + technique
          : "made by " + technique;
    };
  }

  private static String learned(String technique, String learnedOn) {
    Matcher range = EXPERIENCES.matcher(learnedOn);
    return "learned by " + technique
        + (range.matches() ? " up to experience " + (Integer.parseInt(range.group("last")) + 1) : "");
  }

  /** Experiences as a reader counts them, from 1. */
  private static String experiences(String learnedOn) {
    Matcher range = EXPERIENCES.matcher(learnedOn);
    if (!range.matches()) {
      return learnedOn;
    }
    int last = Integer.parseInt(range.group("last")) + 1;
    return range.group("first") == null
        ? "experience " + last
        : "experiences " + (Integer.parseInt(range.group("first")) + 1) + " to " + last;
  }

  private static OptionalDouble accuracy(Map<String, String> recipe) {
    String text = recipe.getOrDefault("validation accuracy", "");
    return text.matches("[01](\\.[0-9]{1,9})?") ? OptionalDouble.of(Double.parseDouble(text)) : OptionalDouble.empty();
  }
}
