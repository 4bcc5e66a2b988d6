package dev.perennial.server.journal;

/**
 * What one source taught a model: a line of the audit log.
 *
 * @param source who
 * @param rows that it taught and that were not removed
 * @param removed rows of it that were
 * @param withoutText rows not removed whose texts were given up, so that they cannot be removed any more
 * @param first when the first row came, in ISO 8601
 * @param last when the last row came
 */
public record Taught(String source, long rows, long removed, long withoutText, String first, String last) {}
