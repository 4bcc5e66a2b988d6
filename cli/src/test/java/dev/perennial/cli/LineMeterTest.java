package dev.perennial.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Lines for a log: few, and right about rate and time left. */
final class LineMeterTest {

  @Test
  void at_aStepASecond_printsALineEveryFiveSeconds() {
    var now = new AtomicLong(1_000);
    var said = new StringWriter();
    var console = new Console(InputStream.nullInputStream(), new PrintWriter(new StringWriter()), new PrintWriter(said),
        0, Clock.systemUTC(), now::get);
    try (var meter = new LineMeter(console, "learning 2/9", 100, 120)) {
      for (int done = 101; done <= 120; done++) {
        now.addAndGet(500_000_000L);
        meter.at(done);
      }
    }
    assertEquals(
        List.of("learning 2/9: step 110 of 120, 2.0 steps/s, 5.0 s left"), said.toString().lines().toList());
  }
}
