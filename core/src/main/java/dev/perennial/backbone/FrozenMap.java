package dev.perennial.backbone;

import org.bytedeco.pytorch.Tensor;

/**
 * The linear map that a backbone has at a site: {@code W x + b}. Views of its weights, which must not be changed.
 *
 * @param weight {@code [out, in]}
 * @param bias {@code [out]}; zeros where the map has none
 */
public record FrozenMap(Tensor weight, Tensor bias) {}
