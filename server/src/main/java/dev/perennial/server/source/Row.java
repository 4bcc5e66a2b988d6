package dev.perennial.server.source;

/**
 * A text and the name of its class.
 *
 * @param text not blank
 * @param label not blank
 */
public record Row(String text, String label) {}
