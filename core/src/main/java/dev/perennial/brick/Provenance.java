package dev.perennial.brick;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Where a brick comes from: what it was learned from, how, and on which backbone.
 *
 * @param stream the digest or the name of the stream
 * @param seed of the run
 * @param technique the name of the technique
 * @param version of the software
 * @param parents names or digests of the bricks that it was made of or on
 * @param base the digest of the backbone that it fits
 * @param learnedOn the experiences that shaped it, such as {@code 0} or {@code 0-8}; empty where it has learned nothing
 * @param recipe what it was made by of its parents, such as {@code lambda} and {@code digest of NAME}, by name; empty where
 *     it was learned
 */
public record Provenance(String stream, long seed, String technique, String version, List<String> parents, String base,
    String learnedOn, SortedMap<String, String> recipe) {

  /** Copies the parents and the recipe; what was written before there were recipes has none. */
  public Provenance(String stream, long seed, String technique, String version, List<String> parents, String base,
      String learnedOn, @Nullable SortedMap<String, String> recipe) {
    this.stream = stream;
    this.seed = seed;
    this.technique = technique;
    this.version = version;
    this.parents = List.copyOf(parents);
    this.base = base;
    this.learnedOn = learnedOn;
    this.recipe = recipe == null
        ? Collections.emptySortedMap()
        : Collections.unmodifiableSortedMap(new TreeMap<>((Map<String, String>) recipe));
  }

  /** The provenance of a brick that was made by no recipe. */
  public Provenance(
      String stream, long seed, String technique, String version, List<String> parents, String base, String learnedOn) {
    this(stream, seed, technique, version, parents, base, learnedOn, null);
  }

  /** The provenance of a brick that is about to be learned on {@code backbone}, and has no parents. */
  public static Provenance of(String stream, long seed, String technique, String version, Backbone backbone) {
    return new Provenance(stream, seed, technique, version, List.of(), backbone.digest(), "");
  }

  /** The same, shaped by the experiences from the first to {@code last}; by none where that is negative. */
  public Provenance learnedUpTo(int last) {
    String experiences = last < 0 ? "" : last == 0 ? "0" : "0-" + last;
    return new Provenance(stream, seed, technique, version, parents, base, experiences, recipe);
  }

  /** The same, made on {@code bricks}. */
  public Provenance withParents(String... bricks) {
    return new Provenance(stream, seed, technique, version, List.of(bricks), base, learnedOn, recipe);
  }

  /** The same, made by a recipe. */
  public Provenance withRecipe(SortedMap<String, String> numbers) {
    return new Provenance(stream, seed, technique, version, parents, base, learnedOn, numbers);
  }

  /** The same, made of {@code bricks} by an operation on what they had learned. */
  public Provenance madeBy(String operation, String... bricks) {
    return new Provenance(stream, seed, operation, version, List.of(bricks), base, learnedOn);
  }

  /**
   * Checks that a brick of this provenance fits {@code backbone}.
   *
   * @throws UsageException if it was learned on another one
   */
  public void requireBase(Backbone backbone) {
    requireBase(base, backbone);
  }

  /**
   * Checks that a brick that was learned on the backbone of digest {@code base} fits {@code backbone}.
   *
   * @throws UsageException if it is another one
   */
  public static void requireBase(String base, Backbone backbone) {
    if (!base.equals(backbone.digest())) {
      throw new UsageException("expected the backbone that the bricks were learned on, of digest " + shortened(base)
          + ", got " + backbone.name() + " of digest " + shortened(backbone.digest())
          + ": choose the backbone that they were learned on, or learn into a new store");
    }
  }

  private static String shortened(String digest) {
    return digest.length() <= 12 ? digest : digest.substring(0, 12) + "…";
  }
}
