package dev.perennial.server.http;

import dev.perennial.server.safety.Scope;

/**
 * A way into the server.
 *
 * @param method of HTTP
 * @param path with its parts in braces
 * @param scope that a token needs
 * @param perModel whether it is about one model, and is there for the default model too, without {@code /models/{model}}
 * @param work that answers
 */
record Route(String method, String path, Scope scope, boolean perModel, Work work) {

  /** What answers a call. */
  interface Work {
    void answer(Call call) throws Exception;
  }
}
