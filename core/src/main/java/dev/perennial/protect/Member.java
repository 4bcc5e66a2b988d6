package dev.perennial.protect;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A process that holds fragments of others' snapshots in its memory: a member of a group. It listens on this machine
 * alone, and serves those that know its token.
 */
public final class Member implements AutoCloseable {

  private static final int HELLO_MILLIS = 10_000;

  private final ServerSocket server;
  private final byte[] token;
  private final long mostBytes;
  private final ConcurrentHashMap<String, Held> held = new ConcurrentHashMap<>();

  /**
   * A member that holds nothing, listening on a free port.
   *
   * @param mostBytes of fragments that it holds
   * @throws IOException if there is no free port
   */
  Member(byte[] token, long mostBytes) throws IOException {
    this.token = token.clone();
    this.mostBytes = mostBytes;
    this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  }

  /**
   * Runs a member: reads its token, in hexadecimal, from the first line of its input, says {@code port N}, and serves
   * until its input ends, as it does when the process that started it ends.
   *
   * @param arguments the most bytes that it may hold
   */
  public static void main(String... arguments) throws IOException {
    var input = new BufferedReader(new InputStreamReader(System.in, US_ASCII));
    String token = input.readLine();
    if (token == null) {
      return;
    }
    var member = new Member(GroupFile.bytes(token), Long.parseLong(arguments[0]));
    Thread.ofPlatform().daemon().name("perennial-member").start(() -> {
      member.serve();
      System.exit(1);
    });
    System.out.println("port " + member.port());
    System.out.flush();
    while (input.readLine() != null) {
      // Nothing that comes matters, only that it ends.
    }
    System.exit(0);
  }

  int port() {
    return server.getLocalPort();
  }

  /** Takes connections until it is closed or cannot take one, each on a thread of its own. */
  void serve() {
    try {
      while (true) {
        Socket socket = server.accept();
        Thread.ofPlatform().daemon().name("perennial-member-connection").start(() -> talk(socket));
      }
    } catch (IOException e) {
      if (!server.isClosed()) {
        System.err.println("perennial member: cannot take a connection: " + e.getMessage());
      }
    }
  }

  private void talk(Socket socket) {
    try (socket; var wire = new Wire(socket, HELLO_MILLIS)) {
      Wire.Message hello = wire.receive();
      if (hello.kind() != Wire.Kind.HELLO || !MessageDigest.isEqual(hello.body().readAllBytes(), token)) {
        wire.refuse("the token is another group's");
        return;
      }
      wire.send(Wire.Kind.DONE, body -> {});
      socket.setSoTimeout(0);
      while (true) {
        answer(wire, wire.receive());
      }
    } catch (EOFException e) {
      // The other side is done.
      return;
    } catch (IOException e) {
      // Whoever it was has gone, or never spoke this protocol: it sees its connection closed, and that is its answer.
      return;
    }
  }

  private void answer(Wire wire, Wire.Message message) throws IOException {
    DataInputStream body = message.body();
    switch (message.kind()) {
      case PUT -> put(wire, FragmentInfo.read(body));
      case COMMIT -> {
        String owner = body.readUTF();
        long number = body.readLong();
        Held own = of(owner);
        boolean done;
        synchronized (own) {
          done = own.commit(number);
        }
        if (done) {
          wire.send(Wire.Kind.DONE, out -> {});
        } else {
          wire.refuse("snapshot " + number + " of " + owner + " is not held here");
        }
      }
      case LIST -> {
        Held own = of(body.readUTF());
        List<FragmentInfo> list;
        synchronized (own) {
          list = own.list();
        }
        wire.send(Wire.Kind.DONE, out -> {
          out.writeByte(list.size());
          for (FragmentInfo info : list) {
            info.write(out);
          }
        });
      }
      case GET -> {
        String owner = body.readUTF();
        long number = body.readLong();
        Held own = of(owner);
        synchronized (own) {
          Held.Fragment fragment = own.get(number);
          if (fragment == null) {
            wire.refuse("snapshot " + number + " of " + owner + " is not held here");
          } else {
            wire.send(Wire.Kind.DONE, out -> fragment.info().write(out));
            wire.sendPayload(fragment.bytes());
          }
        }
      }
      case HELLO, DONE, REFUSED -> wire.refuse("nobody asked");
    }
  }

  private Held of(String owner) {
    return held.computeIfAbsent(owner, name -> new Held());
  }

  /** The size is known and allowed before any memory is taken. */
  private void put(Wire wire, FragmentInfo info) throws IOException {
    Held own = of(info.owner());
    long bytes = info.bytes();
    long others = 0;
    for (Held each : held.values()) {
      synchronized (each) {
        others += each == own ? each.bytes() - each.bytesFreedBy(info.number()) : each.bytes();
      }
    }
    if (bytes > mostBytes - others) {
      wire.refuse("a fragment of " + bytes + " bytes does not fit beside " + others + " of " + mostBytes + " bytes");
      return;
    }
    wire.send(Wire.Kind.DONE, out -> {});
    Arena memory = Arena.ofShared();
    boolean kept = false;
    try {
      MemorySegment fragment = memory.allocate(bytes, ErasureCode.ALIGNMENT);
      wire.receivePayload(fragment);
      byte[] digest = Digests.of(fragment);
      if (!Arrays.equals(digest, info.digests().get(info.index()))) {
        wire.refuse("fragment " + info.index() + " of snapshot " + info.number() + " has another digest than was told");
        return;
      }
      synchronized (own) {
        own.put(new Held.Fragment(info, fragment, memory));
        kept = true;
      }
      wire.send(Wire.Kind.DONE, out -> out.write(digest));
    } finally {
      if (!kept) {
        memory.close();
      }
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
