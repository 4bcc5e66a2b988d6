package dev.perennial.backbone;

import org.bytedeco.pytorch.Tensor;

/** What bricks do at one site. */
@FunctionalInterface
public interface SiteFunction {

  /**
   * The output of the site with the bricks acting.
   *
   * @param input what the frozen map was given, {@code [rows, in]}
   * @param output what it made of it, {@code [rows, out]}; must not be changed in place
   * @return {@code [rows, out]}
   */
  Tensor apply(Tensor input, Tensor output);
}
