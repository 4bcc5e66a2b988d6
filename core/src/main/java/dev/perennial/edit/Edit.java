package dev.perennial.edit;

/**
 * What a model has to say of a text from now on.
 *
 * @param text not blank
 * @param label among the model's classes
 */
public record Edit(String text, String label) {}
