package dev.perennial.measure;

import java.util.List;

/**
 * One parameter module of a model, as a report lists it.
 *
 * @param name what it is called
 * @param kind what it is: {@code lora}, {@code analytic head} and so on
 * @param parameters how many it has
 * @param parents the names of the bricks it was made of; empty where it was made from nothing
 * @param trainedOn the part of the stream it was trained on, in words
 */
public record BrickRow(String name, String kind, long parameters, List<String> parents, String trainedOn) {

  /** Copies the parents. */
  public BrickRow {
    parents = List.copyOf(parents);
  }
}
