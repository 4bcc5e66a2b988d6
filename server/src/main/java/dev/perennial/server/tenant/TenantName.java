package dev.perennial.server.tenant;

import dev.perennial.server.Refused;
import java.util.regex.Pattern;

/** The names of models: they are parts of addresses and of paths, so they are letters, digits, - and _ alone. */
public final class TenantName {

  /** The model of the store itself. */
  public static final String DEFAULT = "default";

  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9_-]{0,62}");

  private TenantName() {}

  /**
   * Checks a name.
   *
   * @throws Refused if it is none
   */
  public static String require(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new Refused(Refused.Reason.UNPROCESSABLE, "expected the name of a model of 1 to 63 lower-case letters, digits,"
          + " - and _, got \"" + shortened(name) + "\": choose such a name");
    }
    return name;
  }

  private static String shortened(String name) {
    String printable = name.replaceAll("[^\\x20-\\x7e]", "?");
    return printable.length() <= 40 ? printable : printable.substring(0, 40) + "...";
  }
}
