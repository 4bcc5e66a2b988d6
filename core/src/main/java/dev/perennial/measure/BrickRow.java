package dev.perennial.measure;

import java.util.List;
import java.util.OptionalDouble;

/**
 * One parameter module of a model, as a report lists it and draws it.
 *
 * @param name what it is called; of a library, with its version, such as {@code mail@2}
 * @param kind what it is: {@code lora}, {@code analytic head} and so on
 * @param parameters how many it has
 * @param parents the names of the bricks it was made of; empty where it was made from nothing
 * @param made what was done to make it, in words such as {@code merged by ties}; may be empty
 * @param trainedOn the part of the stream it was trained on, in words; may be empty
 * @param current whether it is the newest version of its name
 * @param accuracy from 0 to 1, where it is known
 */
public record BrickRow(String name, String kind, long parameters, List<String> parents, String made, String trainedOn,
    boolean current, OptionalDouble accuracy) {

  /** Copies the parents. */
  public BrickRow {
    parents = List.copyOf(parents);
  }
}
