package dev.perennial.server.model;

/** Where a writer finds models by name. Safe for use by many threads. */
public interface Models {

  /**
   * The model of that name, loaded.
   *
   * @throws dev.perennial.server.Refused if there is none
   */
  ServedModel open(String name);

  /** Loads a model again whose store says something else of it than before. */
  void reload(String name);

  /** From now on predictions of the model of that name are made from this, whether it was loaded before or not. */
  void publish(String name, HeadSnapshot snapshot);
}
