package dev.perennial.protect;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.perennial.FailureException;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** Members that run in processes of their own, which end when this does, however it ends. */
public final class MemberProcesses implements AutoCloseable {

  private static final int TOKEN_BYTES = 32;

  private final byte[] token = new byte[TOKEN_BYTES];
  private final long mostBytes;
  private final int parity;
  private final List<Process> processes = new ArrayList<>();
  private final List<Integer> ports = new ArrayList<>();

  /**
   * Starts them.
   *
   * @param members how many
   * @param parity how many of them may be lost
   * @param mostBytes that each of them may hold
   * @throws FailureException if one cannot be started
   */
  public MemberProcesses(int members, int parity, long mostBytes) {
    new ErasureCode(members - parity, parity);
    this.parity = parity;
    this.mostBytes = mostBytes;
    new SecureRandom().nextBytes(token);
    boolean started = false;
    try {
      for (int i = 0; i < members; i++) {
        Process process = begin();
        processes.add(process);
      }
      for (Process process : processes) {
        ports.add(port(process));
      }
      started = true;
    } finally {
      if (!started) {
        close();
      }
    }
  }

  private Process begin() {
    var builder = new ProcessBuilder(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC", "-Xmx128m",
        "-XX:TieredStopAtLevel=4", "--enable-native-access=ALL-UNNAMED", Member.class.getName(), Long.toString(mostBytes))
        .redirectError(Redirect.INHERIT);
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    try {
      Process process = builder.start();
      process.getOutputStream().write((HexFormat.of().formatHex(token) + "\n").getBytes(US_ASCII));
      process.getOutputStream().flush();
      return process;
    } catch (IOException e) {
      throw new FailureException("cannot start a member (" + e.getMessage()
          + "): check that the JDK is whole, and that there is memory for one more process", e);
    }
  }

  private static int port(Process process) {
    try {
      String line = process.inputReader().readLine();
      if (line == null || !line.matches("port [0-9]+")) {
        throw new FailureException("a member did not start: check that there is memory for one more process");
      }
      return Integer.parseInt(line.substring("port ".length()));
    } catch (IOException e) {
      throw new FailureException("a member did not start (" + e.getMessage() + ")", e);
    }
  }

  /** The group that they are. */
  public Group group() {
    return new Group(ports, parity, token);
  }

  /** Where they are, for others. */
  public GroupFile file(String owner, String fallback) {
    return GroupFile.of(owner, parity, ports, token, fallback);
  }

  /** Kills one, as a crash would. */
  public void kill(int member) {
    processes.get(member).toHandle().destroyForcibly();
    processes.get(member).onExit().join();
  }

  /** The members that have ended, by index. */
  public List<Integer> ended() {
    var ended = new ArrayList<Integer>();
    for (int i = 0; i < processes.size(); i++) {
      if (!processes.get(i).isAlive()) {
        ended.add(i);
      }
    }
    return ended;
  }

  /** Starts a new process, which holds nothing, in place of a member. */
  public void replace(int member) {
    kill(member);
    Process process = begin();
    processes.set(member, process);
    ports.set(member, port(process));
  }

  /** Ends all of them; what they held is gone. */
  @Override
  public void close() {
    processes.forEach(Process::destroyForcibly);
    processes.forEach(process -> process.onExit().join());
  }
}
