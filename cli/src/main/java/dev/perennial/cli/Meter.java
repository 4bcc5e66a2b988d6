package dev.perennial.cli;

/** Shows how far some work of known size has come. */
interface Meter extends AutoCloseable {

  /** Makes meters for one kind of output. */
  interface Maker {

    /**
     * Begins to show work.
     *
     * @param name what is done
     * @param from steps that are done already
     * @param to steps in all
     */
    Meter meter(String name, long from, long to);

    /** Bars on a terminal, lines elsewhere. */
    static Maker on(Console console) {
      return console.width() > 0
          ? (name, from, to) -> new BarMeter(console, name, from, to)
          : (name, from, to) -> new LineMeter(console, name, from, to);
    }
  }

  /** What suits the console: a bar on a terminal, else lines. */
  static Meter of(Console console, String name, long steps) {
    return console.width() > 0 ? new BarMeter(console, name, 0, steps) : new LineMeter(console, name, 0, steps);
  }

  /** So many steps are done, those before it began included. */
  void at(long done);

  @Override
  void close();
}
