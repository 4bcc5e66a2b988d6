package dev.perennial.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** One standard error of 80 % on 100 rows is 4.0 points. */
final class ChoiceTest {

  private static Choice of(Standing... standings) {
    return Choice.of(List.of(standings));
  }

  private static String name(Choice choice) {
    return choice.standing().candidate().technique();
  }

  @Test
  void of_cheaperWithinNoise_winsAndSaysSo() {
    Choice choice = of(Judged.standing("large", 0.80, 4096, 9), Judged.standing("small", 0.77, 1024, 9),
        Judged.standing("tiny", 0.75, 1, 9));
    assertEquals("small", name(choice));
    assertEquals("it is within noise of the most accurate, large at 80.0 % (one standard error, 4.0 points on 100"
        + " validation rows apart at most), and cheaper: fewer bytes, 1.0 KiB against 4.0 KiB", choice.reason());
  }

  @Test
  void of_cheaperBeyondNoise_loses() {
    Choice choice = of(Judged.standing("small", 0.75, 1, 1), Judged.standing("large", 0.80, 4096, 9));
    assertEquals("large", name(choice));
    assertEquals("it is the most accurate, and nothing cheaper is within one standard error, 4.0 points on 100"
        + " validation rows, of it", choice.reason());
  }

  @Test
  void of_asManyBytes_theQuickerWins() {
    Choice choice = of(Judged.standing("slow", 0.80, 64, 9), Judged.standing("quick", 0.79, 64, 3));
    assertEquals("quick", name(choice));
    assertTrue(choice.reason().endsWith("as many bytes and less time, 3.0 s against 9.0 s"), choice.reason());
  }

  @Test
  void of_secondsThatDifferByAClocksNoise_theMoreAccurateWins() {
    assertEquals("a", name(of(Judged.standing("a", 0.80, 64, 0.9), Judged.standing("b", 0.79, 64, 0.1))));
    assertEquals("a", name(of(Judged.standing("a", 0.80, 64, 49), Judged.standing("b", 0.79, 64, 40))));
    assertEquals("b", name(of(Judged.standing("a", 0.80, 64, 51), Judged.standing("b", 0.79, 64, 40))));
  }

  @Test
  void of_fewerBytesButMoreTime_wins() {
    assertEquals("b", name(of(Judged.standing("a", 0.80, 65, 1), Judged.standing("b", 0.79, 64, 900))));
  }

  @Test
  void of_onlyOne_isIt() {
    Choice choice = of(Judged.standing("a", 0.1, 1, 1));
    assertEquals("a", name(choice));
    assertEquals("nothing else came so far", choice.reason());
  }
}
