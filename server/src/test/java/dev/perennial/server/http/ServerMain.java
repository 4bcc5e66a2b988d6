package dev.perennial.server.http;

import dev.perennial.server.ServerListener;
import dev.perennial.server.source.DirectoryOptions;
import dev.perennial.server.source.DirectorySource;
import dev.perennial.server.source.Feeding;
import dev.perennial.server.source.RowFormat;
import dev.perennial.tensor.LibTorch;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/** A server in a process of its own: says its port, and stops when it is told to. */
public final class ServerMain {

  private ServerMain() {}

  /** Serves a directory with an encoder, and learns what appears in another directory where one is named. */
  public static void main(String... arguments) throws InterruptedException {
    PerennialServer server = PerennialServer.start(
        ServerTest.options(Path.of(arguments[0]), arguments[1]), new ServerListener() {}, Clock.systemUTC());
    LibTorch.beforeEnd(Thread.ofPlatform().unstarted(server::close));
    if (arguments.length > 2) {
      var watched = new DirectoryOptions(Path.of(arguments[2]), RowFormat.DEFAULT, Duration.ZERO);
      Feeding.start(server.intake(), "default", "directory:incoming",
          at -> new DirectorySource(watched, at, Clock.systemUTC(), System.out::println), System.out::println);
    }
    System.out.println("port " + server.port());
    System.out.flush();
    new CountDownLatch(1).await();
  }
}
