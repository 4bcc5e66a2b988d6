package dev.perennial.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A small table of texts in four classes that anyone can tell apart. */
final class Words {

  private static final Map<String, List<String>> CLASSES = new TreeMap<>(Map.of(
      "fruit", List.of("apple", "pear", "plum", "cherry", "melon", "mango"),
      "metal", List.of("iron", "copper", "zinc", "gold", "lead", "tin"),
      "bird", List.of("owl", "crow", "eagle", "finch", "heron", "gull"),
      "sport", List.of("tennis", "chess", "golf", "boxing", "rowing", "judo")));

  private static final List<String> SENTENCES =
      List.of("the %s is here", "i like %s very much", "tell me about %s", "what is %s");

  private Words() {}

  /** Writes the table with columns text, label and part: 12 rows of each class to learn, 6 to tune on, 6 to test on. */
  static Path csv(Path file) throws IOException {
    var lines = new StringBuilder("text,label,part\n");
    CLASSES.forEach((label, words) -> {
      for (int i = 0; i < words.size(); i++) {
        for (int j = 0; j < SENTENCES.size(); j++) {
          String part = switch ((i + j) % 4) {
            case 0 -> "test";
            case 1 -> "validation";
            default -> "train";
          };
          lines.append(SENTENCES.get(j).formatted(words.get(i))).append(',').append(label).append(',').append(part)
              .append('\n');
        }
      }
    });
    return Files.writeString(file, lines);
  }

  /** The options of {@code learn} that name the table's columns, and the fastest technique. */
  static List<Object> options(Path csv) {
    return List.of("--data", csv, "--text", "text", "--label", "label", "--split", "part", "--tasks", 2, "--technique",
        "ncm", "--threads", 2);
  }
}
