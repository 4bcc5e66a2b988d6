package dev.perennial.cli;

import java.io.InputStream;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.function.LongSupplier;

/**
 * What a command reads from and writes to, and the time it goes by.
 *
 * @param in what is typed or piped in
 * @param out results
 * @param err progress, notes and complaints
 * @param width characters in a line of the terminal where a person watches {@code err}; 0 where it is no terminal
 * @param clock the time of day
 * @param ticker nanoseconds since some moment, for durations
 */
record Console(
    InputStream in, PrintWriter out, PrintWriter err, int width, Clock clock, LongSupplier ticker) {}
