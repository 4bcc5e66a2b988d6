package dev.perennial.learn.analytic;

import dev.perennial.backbone.Backbone;
import dev.perennial.data.Input;

/** Where the features of an analytic head come from. */
public enum Source {
  /** Patches for images where the backbone has no trained weights of its own to offer, the backbone otherwise. */
  AUTO,
  /** A random projection of the backbone's last blocks. */
  BACKBONE,
  /** Random filters over patches of images. */
  PATCHES;

  /** Whether inputs such as this one are seen as patches. A backbone without sites for bricks is drawn at random. */
  boolean takesPatches(Backbone backbone, Input input) {
    return this == PATCHES || (this == AUTO && backbone.sites().isEmpty() && input instanceof Input.Image);
  }
}
