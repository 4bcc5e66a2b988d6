package dev.perennial.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.tensor.CounterRandom;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class KMedoidsTest {

  /** Two groups on a line, 0 1 2 and 10 11 12 13, in mixed order. */
  private static final Distances LINE = line(11, 0, 2, 13, 1, 10, 12);

  private static Distances line(float... places) {
    float[][] rows = new float[places.length][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = new float[] {places[i], 0};
    }
    return Distances.euclidean(rows);
  }

  /** Blobs of points around random centres. */
  private static Distances blobs(long seed, int centres, int each) {
    var random = CounterRandom.of(seed);
    float[][] rows = new float[centres * each][8];
    for (int row = 0; row < rows.length; row++) {
      for (int c = 0; c < 8; c++) {
        double centre = 3 * random.gaussian(-1 - (long) (row % centres) * 8 - c);
        rows[row][c] = (float) (centre + random.gaussian((long) row * 8 + c));
      }
    }
    return Distances.euclidean(rows);
  }

  @Test
  void build_onALine_takesTheMedianThenWhatHelpsMost() {
    // The sum of distances is least from 10, row 5: 33. With 10, the row of 1 leaves 8; then 12 and 13 leave 4 each.
    assertArrayEquals(new int[] {5, 4, 3}, KMedoids.build(LINE, 3));
  }

  @Test
  void searches_twoGroups_findTheirMedians() {
    for (int a = 0; a < 7; a++) {
      for (int b = 0; b < 7; b++) {
        if (a != b) {
          Medoids eager = KMedoids.fasterPam(LINE, new int[] {a, b}, 10);
          Medoids best = KMedoids.fastPam1(LINE, new int[] {a, b}, 10);
          for (Medoids found : List.of(eager, best)) {
            assertEquals(6, found.loss());
            assertTrue(found.medoids().contains(4), "1 is the median of 0, 1, 2");
            assertEquals(found.clusters().get(1), found.clusters().get(2));
            assertEquals(found.clusters().get(0), found.clusters().get(3));
            assertFalse(found.clusters().get(0).equals(found.clusters().get(1)));
          }
        }
      }
    }
  }

  @Test
  void searches_oneMedoid_findTheRowWithTheLeastSum() {
    for (int start = 0; start < 7; start++) {
      Medoids found = KMedoids.fasterPam(LINE, new int[] {start}, 1);
      assertEquals(List.of(5), found.medoids());
      assertEquals(33, found.loss());
      assertEquals(start == 5 ? 0 : 1, found.swaps());
      assertEquals(found, KMedoids.fastPam1(LINE, new int[] {start}, 1));
    }
  }

  @Test
  void searches_asManyMedoidsAsRows_changeNothing() {
    int[] all = {3, 1, 2, 0, 6, 5, 4};
    Medoids found = KMedoids.fasterPam(LINE, all, 5);
    assertEquals(0, found.loss());
    assertEquals(0, found.swaps());
    assertTrue(found.converged() && KMedoids.fastPam1(LINE, all, 5).converged());
    assertEquals(List.of(3, 1, 2, 0, 6, 5, 4), found.clusters());
  }

  @Test
  void searches_equalRows_endAtOnce() {
    Distances same = line(4, 4, 4, 4, 4);
    assertEquals(0, KMedoids.fasterPam(same, new int[] {1, 3}, 100).swaps());
    assertEquals(0, KMedoids.fastPam1(same, new int[] {1, 3}, 100).swaps());
    assertEquals(List.of(0, 0, 0, 0, 0), KMedoids.fasterPam(same, new int[] {1, 3}, 100).clusters());
  }

  @Test
  void fasterPam_separateBlobs_findsOneMedoidInEach_fromARandomStart() {
    for (long seed = 0; seed < 10; seed++) {
      Distances distances = blobs(seed, 5, 20);
      Medoids pam = KMedoids.fastPam1(distances, KMedoids.build(distances, 5), 1000);
      Medoids eager = KMedoids.fasterPam(distances, KMedoids.random(distances, 5, CounterRandom.of(seed, 1)), 100);
      assertTrue(eager.loss() <= 1.05 * pam.loss(), eager.loss() + " against PAM's " + pam.loss());
      Set<Integer> blobs = new HashSet<>();
      pam.medoids().forEach(medoid -> blobs.add(medoid % 5));
      assertEquals(5, blobs.size());
    }
  }

  @Test
  void searches_cutShort_sayThatTheyDidNotConverge() {
    Distances distances = blobs(3, 6, 20);
    int[] start = {0, 6, 12, 18, 24, 30};
    assertEquals(1, KMedoids.fastPam1(distances, start, 1).swaps());
    assertFalse(KMedoids.fastPam1(distances, start, 1).converged());
    assertFalse(KMedoids.fasterPam(distances, start, 1).converged());
    assertTrue(KMedoids.fasterPam(distances, start, 100).converged());
  }

  @Test
  void arguments_thatDoNotFit_areRefusedInOneLine() {
    refused("between 1 and 7 medoids", () -> KMedoids.build(LINE, 0));
    refused("between 1 and 7 medoids", () -> KMedoids.random(LINE, 8, CounterRandom.of(1)));
    refused("different rows from 0 to 6", () -> KMedoids.fasterPam(LINE, new int[] {1, 1}, 9));
    refused("different rows from 0 to 6", () -> KMedoids.fastPam1(LINE, new int[] {1, 7}, 9));
    refused("at least one pass", () -> KMedoids.fasterPam(LINE, new int[] {1, 2}, 0));
    refused("rows of one width", () -> Distances.euclidean(new float[][] {{1}, {1, 2}}));
    refused("finite", () -> line(1, Float.NaN));
    refused("0 or more", () -> Distances.of(2, (i, j) -> -1));
    refused("rows to cluster", () -> Distances.euclidean(new float[0][]));
  }

  private static void refused(String mentioned, Runnable request) {
    String message = String.valueOf(assertThrows(UsageException.class, request::run).getMessage());
    assertTrue(message.contains(mentioned) && message.lines().count() == 1, message);
  }
}
