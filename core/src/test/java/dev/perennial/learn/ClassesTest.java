package dev.perennial.learn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.FailureException;
import dev.perennial.data.Example;
import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.TensorData;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ClassesTest {

  @Test
  void add_knownAndNewNames_numbersTheNewInOrder() {
    var classes = new Classes();
    assertEquals(2, classes.add(List.of("b", "a")));
    assertEquals(1, classes.add(List.of("a", "c", "c")));
    assertEquals(List.of("b", "a", "c"), classes.names());
    assertArrayEquals(new long[] {2, 0, 1},
        classes.indicesOf(List.of(Example.of("x", "c"), Example.of("y", "b"), Example.of("z", "a"))));
    assertThrows(IllegalArgumentException.class, () -> classes.indexOf("d"));
  }

  @Test
  void restore_namesOfAnyCharacters_areTheSame() {
    var classes = new Classes();
    classes.add(List.of("", "é", "\ud83d\ude00 x", "plain"));
    var other = new Classes();
    other.restore(Map.of("classes", classes.state()));
    assertEquals(classes.names(), other.names());
  }

  @Test
  void texts_endsOutsideTheBytes_areRefused() {
    TensorData bytes = TensorData.ofBytes(Dtype.U8, new byte[] {'a', 'b'}, 2);
    for (long[] ends : new long[][] {{3}, {-1}, {2, 1}, {Long.MAX_VALUE}}) {
      Map<String, TensorData> damaged = Map.of("utf8", bytes, "ends", TensorData.of(ends, ends.length));
      assertThrows(FailureException.class, () -> Classes.texts(damaged));
    }
    assertThrows(FailureException.class, () -> Classes.texts(Map.of("utf8", bytes)));
    assertEquals(List.of("a", "b"), Classes.texts(Map.of("utf8", bytes, "ends", TensorData.of(new long[] {1, 2}, 2))));
  }
}
