package dev.perennial.server.safety;

import java.util.Set;

/**
 * Who sends a request.
 *
 * @param name as the audit log knows it
 * @param scopes what it may do
 * @param models that it may do it to; empty for all
 */
public record Principal(String name, Set<Scope> scopes, Set<String> models) {

  /** Copies the sets. */
  public Principal {
    scopes = Set.copyOf(scopes);
    models = Set.copyOf(models);
  }

  /** Whoever is on this machine, where there are no tokens. */
  static final Principal LOCAL = new Principal("local", Set.of(Scope.values()), Set.of());
}
