package dev.perennial.backbone;

/**
 * A named linear map of a backbone, where a brick can act.
 *
 * @param index its place among the backbone's sites, from 0
 * @param name the module path it has in Hugging Face's layout, such as {@code encoder.layer.0.attention.self.query}
 * @param block the block it belongs to, from 0: nothing below this block is changed by a brick at this site
 * @param in features in
 * @param out features out
 */
public record Site(int index, String name, int block, int in, int out) {}
