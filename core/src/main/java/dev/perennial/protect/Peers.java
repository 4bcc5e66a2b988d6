package dev.perennial.protect;

import dev.perennial.FailureException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The members of a group as those that others talk to: one at a time, or all side by side. */
final class Peers {

  private static final int CONNECT_MILLIS = 2_000;
  private static final int SILENT_MILLIS = 60_000;

  private final List<Integer> ports;
  private final byte[] token;

  Peers(List<Integer> ports, byte[] token) {
    this.ports = List.copyOf(ports);
    this.token = token.clone();
  }

  /** What is said to a member, and heard. */
  interface Talk {
    void with(Wire wire) throws IOException;
  }

  /** Talks to a member; what went wrong, in a few words, or empty. */
  Optional<String> trying(int member, Talk talk) {
    try (var socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), ports.get(member)), CONNECT_MILLIS);
      try (var wire = new Wire(socket, SILENT_MILLIS)) {
        wire.send(Wire.Kind.HELLO, out -> out.write(token));
        done(wire);
        talk.with(wire);
        return Optional.empty();
      }
    } catch (IOException e) {
      return Optional.of(e.getMessage() == null ? "it ended" : e.getMessage());
    }
  }

  /** The answer, which must be that it is done. */
  static Wire.Message done(Wire wire) throws IOException {
    Wire.Message answer = wire.receive();
    return switch (answer.kind()) {
      case DONE -> answer;
      case REFUSED -> throw new IOException(answer.body().readUTF());
      default -> throw new IOException("it answered with something else");
    };
  }

  /** What is done with a member. */
  interface OfMember<T> {
    T of(int member);
  }

  /** Does something with each of some members, side by side. */
  static <T> List<T> all(List<Integer> members, OfMember<T> work) {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var tasks = members.stream().<Callable<T>>map(member -> () -> work.of(member)).toList();
      var results = new ArrayList<T>();
      for (Future<T> future : threads.invokeAll(tasks)) {
        results.add(future.get());
      }
      return results;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      if (e.getCause() instanceof Error failure) {
        throw failure;
      }
      throw new IllegalStateException("talking to a member failed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FailureException("interrupted while it talked to the members: try again", e);
    }
  }
}
