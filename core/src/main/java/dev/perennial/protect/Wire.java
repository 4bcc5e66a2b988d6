package dev.perennial.protect;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.Socket;
import java.util.zip.CRC32C;

/**
 * One connection between members: messages in frames.
 *
 * <p>A frame is {@code PRNM}, a byte that says what it is, the length of its body, at most 64 KiB, the body, and the
 * CRC32C of kind, length and body. A payload is bytes whose number both sides know already, and their CRC32C. Numbers are
 * big-endian.
 */
final class Wire implements AutoCloseable {

  /** What a frame is. */
  enum Kind {
    /** The token. */
    HELLO,
    /** A fragment follows. */
    PUT,
    /** Owner and number: from now on this is the snapshot. */
    COMMIT,
    /** Owner: which fragments are held? */
    LIST,
    /** Owner and number: give the fragment. */
    GET,
    /** Done; the body depends on what was asked. */
    DONE,
    /** Not done, and why. */
    REFUSED
  }

  private static final int MAGIC = 0x50524E4D;
  private static final int MOST_BODY = 1 << 16;
  private static final int CHUNK = 1 << 18;

  private final Socket socket;
  private final DataInputStream in;
  private final DataOutputStream out;

  /** @param timeoutMillis after which a silent peer counts as lost; 0 for never */
  Wire(Socket socket, int timeoutMillis) throws IOException {
    this.socket = socket;
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(timeoutMillis);
    in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 1 << 12));
    out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream(), 1 << 12));
  }

  /** Writes the body of a frame. */
  interface Body {
    void to(DataOutputStream out) throws IOException;
  }

  /** A frame that came. */
  record Message(Kind kind, DataInputStream body) {}

  void send(Kind kind, Body body) throws IOException {
    var bytes = new ByteArrayOutputStream();
    body.to(new DataOutputStream(bytes));
    if (bytes.size() > MOST_BODY) {
      throw new IOException("a frame of " + bytes.size() + " bytes");
    }
    byte[] content = bytes.toByteArray();
    out.writeInt(MAGIC);
    out.writeByte(kind.ordinal());
    out.writeInt(content.length);
    out.write(content);
    out.writeInt(check(kind.ordinal(), content));
    out.flush();
  }

  void refuse(String why) throws IOException {
    String brief = why.length() > 1000 ? why.substring(0, 1000) : why;
    send(Kind.REFUSED, body -> body.writeUTF(brief));
  }

  private static int check(int kind, byte[] content) {
    var crc = new CRC32C();
    crc.update(kind);
    crc.update(content.length >>> 24);
    crc.update(content.length >>> 16);
    crc.update(content.length >>> 8);
    crc.update(content.length);
    crc.update(content);
    return (int) crc.getValue();
  }

  /**
   * The next frame.
   *
   * @throws IOException if the peer is gone or silent for too long, or what came is no frame
   */
  Message receive() throws IOException {
    if (in.readInt() != MAGIC) {
      throw new IOException("what came is no frame of this protocol");
    }
    int kind = in.readUnsignedByte();
    int length = in.readInt();
    if (kind >= Kind.values().length || length < 0 || length > MOST_BODY) {
      throw new IOException("a frame of kind " + kind + " and " + length + " bytes");
    }
    byte[] content = in.readNBytes(length);
    if (content.length < length || in.readInt() != check(kind, content)) {
      throw new IOException("a frame was damaged on its way");
    }
    return new Message(Kind.values()[kind], new DataInputStream(new ByteArrayInputStream(content)));
  }

  void sendPayload(MemorySegment bytes) throws IOException {
    var crc = new CRC32C();
    byte[] chunk = new byte[(int) Math.min(CHUNK, bytes.byteSize())];
    for (long at = 0; at < bytes.byteSize(); at += chunk.length) {
      int length = (int) Math.min(chunk.length, bytes.byteSize() - at);
      MemorySegment.copy(bytes, JAVA_BYTE, at, chunk, 0, length);
      crc.update(chunk, 0, length);
      out.write(chunk, 0, length);
    }
    out.writeInt((int) crc.getValue());
    out.flush();
  }

  void receivePayload(MemorySegment into) throws IOException {
    var crc = new CRC32C();
    byte[] chunk = new byte[(int) Math.min(CHUNK, into.byteSize())];
    for (long at = 0; at < into.byteSize(); at += chunk.length) {
      int length = (int) Math.min(chunk.length, into.byteSize() - at);
      in.readFully(chunk, 0, length);
      crc.update(chunk, 0, length);
      MemorySegment.copy(chunk, 0, into, JAVA_BYTE, at, length);
    }
    if (in.readInt() != (int) crc.getValue()) {
      throw new IOException("a payload was damaged on its way");
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
