package dev.perennial.stream;

import java.util.List;

/** The order in which classes arrive where nothing else orders them. */
public enum ClassOrder {
  /** An order that the seed decides. */
  SHUFFLED,
  /** By name: the order of most published figures on image classes, whose names are numbers. */
  SORTED;

  /**
   * Classes in this order.
   *
   * @param classes in alphabetical order
   */
  List<String> of(List<String> classes, Arrival arrival) {
    return this == SORTED ? classes : arrival.shuffled(classes, Arrival.Use.CLASSES, 0);
  }
}
