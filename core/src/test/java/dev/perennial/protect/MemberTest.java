package dev.perennial.protect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A member in this process, to whom anything is said. */
final class MemberTest {

  private static final byte[] TOKEN = new byte[32];

  private Member member = newMember();

  private static Member newMember() {
    try {
      return new Member(TOKEN, 1 << 20);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @BeforeEach
  void serve() {
    Thread.ofPlatform().daemon().start(member::serve);
  }

  @AfterEach
  void close() throws IOException {
    member.close();
  }

  private Socket connect() throws IOException {
    var socket = new Socket(InetAddress.getLoopbackAddress(), member.port());
    socket.setSoTimeout(10_000);
    return socket;
  }

  private Wire greeted() throws IOException {
    var wire = new Wire(connect(), 10_000);
    wire.send(Wire.Kind.HELLO, out -> out.write(TOKEN));
    assertEquals(Wire.Kind.DONE, wire.receive().kind());
    return wire;
  }

  private static FragmentInfo info(long total, byte[] digest) {
    return new FragmentInfo("w", 1, 0, 1, 1, total, List.of(digest, digest));
  }

  /** Whatever bytes come, the connection is closed and the member serves on; no size that is claimed is allocated. */
  @Test
  void anything_said_leavesTheMemberServing() throws IOException {
    var random = new Random(1);
    for (int i = 0; i < 300; i++) {
      try (Socket socket = connect()) {
        var out = new DataOutputStream(socket.getOutputStream());
        byte[] noise = new byte[random.nextInt(200)];
        random.nextBytes(noise);
        if (i % 3 == 0) {
          out.writeInt(0x50524E4D);
          out.writeByte(random.nextInt(9));
          out.writeInt(i % 2 == 0 ? random.nextInt() : noise.length);
        }
        out.write(noise);
        socket.shutdownOutput();
        var in = new DataInputStream(socket.getInputStream());
        in.readAllBytes();
      } catch (SocketException closed) {
        assertFalse(String.valueOf(closed.getMessage()).isEmpty());
      }
    }
    greeted().close();
  }

  @Test
  void put_ofAnyClaimedSize_isRefusedBeforeAnythingIsAllocated() throws IOException {
    for (long total : new long[] {(1 << 20) + 1, Long.MAX_VALUE / 2, 1L << 40}) {
      try (Wire wire = greeted()) {
        wire.send(Wire.Kind.PUT, info(total, new byte[32])::write);
        Wire.Message answer = wire.receive();
        assertEquals(Wire.Kind.REFUSED, answer.kind());
        assertTrue(answer.body().readUTF().contains("does not fit"));
      }
    }
  }

  @Test
  void put_withAnotherDigest_isRefusedAndNotHeld() throws IOException {
    try (Wire wire = greeted(); Arena arena = Arena.ofConfined()) {
      MemorySegment fragment = arena.allocate(1000, 8);
      wire.send(Wire.Kind.PUT, info(1000, new byte[32])::write);
      assertEquals(Wire.Kind.DONE, wire.receive().kind());
      wire.sendPayload(fragment);
      assertEquals(Wire.Kind.REFUSED, wire.receive().kind());
      wire.send(Wire.Kind.LIST, out -> out.writeUTF("w"));
      assertEquals(0, wire.receive().body().readUnsignedByte());
      wire.send(Wire.Kind.PUT, info(1000, Digests.of(fragment))::write);
      assertEquals(Wire.Kind.DONE, wire.receive().kind());
      wire.sendPayload(fragment);
      assertEquals(Wire.Kind.DONE, wire.receive().kind());
      wire.send(Wire.Kind.LIST, out -> out.writeUTF("w"));
      assertEquals(1, wire.receive().body().readUnsignedByte());
    }
  }

  @Test
  void put_cutShort_leavesWhatWasHeld() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment fragment = arena.allocate(800_000, 8);
      for (int i = 0; i < 20; i++) {
        try (Wire wire = greeted()) {
          wire.send(Wire.Kind.PUT, info(800_000, Digests.of(fragment))::write);
          assertEquals(Wire.Kind.DONE, wire.receive().kind());
          // And gone: were its memory kept, the next would not fit.
        }
      }
      try (Wire wire = greeted()) {
        wire.send(Wire.Kind.LIST, out -> out.writeUTF("w"));
        assertEquals(0, wire.receive().body().readUnsignedByte());
      }
    }
  }
}
