package dev.perennial.bench.serve;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.Locale;

/** One connection of HTTP/1.1 that stays open: as little work as may be, since it shares the processors with the server. */
final class Wire implements AutoCloseable {

  private static final int TIMEOUT_MILLIS = 60_000;

  private final Socket socket;
  private final InputStream in;
  private final OutputStream out;

  /**
   * What came back.
   *
   * @param status of HTTP
   * @param body as text
   */
  record Reply(int status, String body) {

    /** The number in a field of a flat JSON object; -1 where there is none. */
    long number(String field) {
      int at = body.indexOf("\"" + field + "\":");
      if (at < 0) {
        return -1;
      }
      int start = at + field.length() + 3;
      int end = start;
      while (end < body.length() && (Character.isDigit(body.charAt(end)) || body.charAt(end) == '-')) {
        end++;
      }
      return Long.parseLong(body.substring(start, end));
    }
  }

  Wire(int port) throws IOException {
    socket = new Socket("127.0.0.1", port);
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(TIMEOUT_MILLIS);
    in = new BufferedInputStream(socket.getInputStream());
    out = socket.getOutputStream();
  }

  Reply get(String path) throws IOException {
    return send("GET", path, "", "");
  }

  Reply post(String path, String body) throws IOException {
    return send("POST", path, body, "");
  }

  /** Sends, and waits for the answer; more are header lines. */
  Reply send(String method, String path, String body, String more) throws IOException {
    byte[] content = body.getBytes(UTF_8);
    String head = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n"
        + (content.length == 0 ? "" : "Content-Type: application/json\r\n") + "Content-Length: " + content.length + "\r\n"
        + more + "\r\n";
    byte[] request = new byte[head.length() + content.length];
    System.arraycopy(head.getBytes(US_ASCII), 0, request, 0, head.length());
    System.arraycopy(content, 0, request, head.length(), content.length);
    out.write(request);
    out.flush();
    int status = Integer.parseInt(line().split(" ")[1]);
    int length = 0;
    boolean chunked = false;
    for (String header = line(); !header.isEmpty(); header = line()) {
      String lower = header.toLowerCase(Locale.ROOT);
      if (lower.startsWith("content-length:")) {
        length = Integer.parseInt(lower.substring(15).strip());
      }
      chunked |= lower.startsWith("transfer-encoding:") && lower.contains("chunked");
    }
    return new Reply(status, chunked ? chunks() : text(length));
  }

  private String chunks() throws IOException {
    var body = new StringBuilder();
    for (int length = Integer.parseInt(line(), 16); length > 0; length = Integer.parseInt(line(), 16)) {
      body.append(text(length));
      line();
    }
    line();
    return body.toString();
  }

  private String text(int length) throws IOException {
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException("the server closed the connection within an answer");
    }
    return new String(bytes, UTF_8);
  }

  private String line() throws IOException {
    var line = new StringBuilder();
    for (int next = in.read(); next != '\n'; next = in.read()) {
      if (next < 0) {
        throw new EOFException("the server closed the connection");
      }
      if (next != '\r') {
        line.append((char) next);
      }
    }
    return line.toString();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
