package dev.perennial.brick;

import dev.perennial.backbone.Backbone;

/**
 * A way to add few parameters to a backbone. Each is one file, found by its name through
 * {@code META-INF/services/dev.perennial.brick.BrickKind}.
 *
 * @param <O> its own settings beside those that kinds share: a public record as {@link dev.perennial.Options} reads it
 */
public interface BrickKind<O extends Record> {

  /** The name that it is asked for by: {@code --option brick=NAME}. */
  String name();

  /** Its own settings where nothing is asked for. */
  O defaults();

  /**
   * The brick of this kind on a backbone.
   *
   * @param shape rank, alpha, dropout and sites, as far as the kind takes notice of them
   * @param settings its own
   * @throws dev.perennial.UsageException if the backbone has no such sites, or a setting does not suit it
   */
  Brick brick(LoraOptions shape, O settings, Backbone backbone);

  /** The settings of a kind that has none of its own. */
  record NoSettings() {}
}
