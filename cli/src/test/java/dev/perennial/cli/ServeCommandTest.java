package dev.perennial.cli;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ServeCommandTest {

  @TempDir
  private Path directory = Path.of("");

  @Test
  void serve_oddOptions_getOneLineAndMakeNothing() throws Exception {
    Path store = directory.resolve("store");
    Cli.run("serve", "--store", store, "--port", "99999").complains(2, "65535", "99999");
    Cli.run("serve", "--store", store, "--p99", "soon").complains(2, "--p99", "50ms", "soon");
    Cli.run("serve", "--store", store, "--memory", "lots").complains(2, "--memory", "512MiB", "lots");
    Cli.run("serve", "--store", store, "--host", "0.0.0.0").complains(2, "tokens", "127.0.0.1");
    Cli.run("serve", "--store", store, "--cert", "a.pem").complains(2, "certificate", "key");
    Cli.run("serve", "--store", store, "--tokens", directory.resolve("none")).complains(1, "tokens", "none");
    assertFalse(Files.exists(store));
  }

  @Test
  void serve_optionThatThereIsNot_getsOneLine() {
    Cli.run("serve", "--store", directory.resolve("store"), "--backbone", directory.resolve("none")).complains(2, "backbone");
  }
}
