package dev.perennial.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import picocli.CommandLine.IVersionProvider;

/** What {@code --version} says: of Perennial, and of the Java that runs it. */
final class Version implements IVersionProvider {

  @Override
  public String[] getVersion() throws IOException {
    try (InputStream in = Version.class.getResourceAsStream("version.txt")) {
      if (in == null) {
        throw new IllegalStateException("version.txt is not on the class path");
      }
      return new String[] {
          "Perennial " + new String(in.readAllBytes(), UTF_8).strip(), "Java " + Runtime.version()};
    }
  }
}
