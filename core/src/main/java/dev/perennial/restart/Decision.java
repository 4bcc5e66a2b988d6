package dev.perennial.restart;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a supervisor decided, and the numbers that it decided by: a line of {@code restarts.jsonl}.
 *
 * @param time when, ISO 8601
 * @param kind what
 * @param experience where in the stream the learner was, from 0
 * @param step of the experience, from 0
 * @param why in one line
 * @param numbers by name, in seconds where nothing else is said
 */
public record Decision(
    String time, Kind kind, int experience, long step, String why, SortedMap<String, Double> numbers) {

  /** What can be decided. */
  public enum Kind { START, RESTART, QUARANTINE, ROLLBACK, ACCEPT, GIVE_UP, FINISH }

  /** Copies the numbers. */
  public Decision {
    numbers = Collections.unmodifiableSortedMap(new TreeMap<>((Map<String, Double>) numbers));
  }
}
