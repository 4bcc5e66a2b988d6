package dev.perennial.cli;

/** Words as a shell reads them, for commands that are shown to be copied. */
final class Shell {

  private Shell() {}

  /** The text as one word: as it is, or in quotes where a shell would read more into it. */
  static String word(Object text) {
    String plain = text.toString();
    return plain.matches("[A-Za-z0-9_./:@%+,=-]+") ? plain : "'" + plain.replace("'", "'\\''") + "'";
  }
}
