package dev.perennial.bench;

/**
 * What one side took to learn the stream once.
 *
 * @param seconds of learning; reading data and evaluating do not count
 * @param examples learned
 * @param accuracy on all test rows in the end
 */
record LoopRun(double seconds, long examples, double accuracy) {}
