package dev.perennial.store;

import dev.perennial.tensor.Combine;

/**
 * A part as a commit names it: the blob that holds it.
 *
 * @param name the part's name
 * @param combine how two workers' copies of it combine
 * @param sha256 digest of the blob, 64 lower-case hexadecimal digits: the file {@code blobs/<sha256>.safetensors}
 * @param bytes length of the blob
 */
public record PartRef(String name, Combine combine, String sha256, long bytes) {}
