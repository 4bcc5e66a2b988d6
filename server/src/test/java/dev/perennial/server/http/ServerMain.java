package dev.perennial.server.http;

import dev.perennial.server.ServerListener;
import dev.perennial.tensor.LibTorch;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.CountDownLatch;

/** A server in a process of its own: says its port, and stops when it is told to. */
public final class ServerMain {

  private ServerMain() {}

  /** Serves a directory with an encoder. */
  public static void main(String... arguments) throws InterruptedException {
    PerennialServer server = PerennialServer.start(
        ServerTest.options(Path.of(arguments[0]), arguments[1]), new ServerListener() {}, Clock.systemUTC());
    LibTorch.beforeEnd(Thread.ofPlatform().unstarted(server::close));
    System.out.println("port " + server.port());
    System.out.flush();
    new CountDownLatch(1).await();
  }
}
