package dev.perennial.bench.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * What was measured of a server.
 *
 * @param processors of the machine, which server and load share
 * @param threads that predict
 * @param figures in the order in which they were taken
 */
record ServeFigures(int processors, int threads, List<Figure> figures) {

  /**
   * One of them.
   *
   * @param what it is
   * @param value it has
   * @param unit of the value; empty for shares and counts
   */
  record Figure(String what, double value, String unit) {}

  /** Collects them, and says each as it comes. */
  static final class Taken {
    private final List<Figure> figures = new ArrayList<>();
    private final Consumer<String> say;

    Taken(Consumer<String> say) {
      this.say = say;
    }

    void add(String what, double value, String unit) {
      figures.add(new Figure(what, value, unit));
      say.accept(String.format(Locale.ROOT, "%s: %.4g %s", what, value, unit).stripTrailing());
    }

    List<Figure> all() {
      return List.copyOf(figures);
    }
  }

  /** As lines for people. */
  String text() {
    var text = new StringBuilder("server and load on " + processors + " processors, " + threads + " threads predict\n");
    for (Figure figure : figures) {
      text.append(String.format(Locale.ROOT, "  %-72s %12.4g %s%n", figure.what(), figure.value(), figure.unit()));
    }
    return text.toString().stripTrailing();
  }
}
