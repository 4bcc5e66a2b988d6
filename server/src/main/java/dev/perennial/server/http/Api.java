package dev.perennial.server.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.server.Refused;
import dev.perennial.server.safety.Limits;
import dev.perennial.server.safety.Principal;
import dev.perennial.server.safety.Scope;
import dev.perennial.server.safety.Tokens;
import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Every way into the server: who may go it, what answers, and how problems are told. */
final class Api {

  private static final System.Logger LOG = System.getLogger(Api.class.getName());
  private static final String FIRST = "/v1";
  private static final String ONE_MODEL = "/v1/models/{model}";

  private final List<Route> routes = new ArrayList<>();
  private final Tokens tokens;
  private final Limits limits;
  private final Json json;
  private final Meters meters;
  private final Set<String> hosts;

  /**
   * No way yet.
   *
   * @param hosts by which the server is asked for where there are no tokens
   */
  Api(Tokens tokens, Limits limits, Json json, Meters meters, Set<String> hosts) {
    this.tokens = tokens;
    this.limits = limits;
    this.json = json;
    this.meters = meters;
    this.hosts = hosts;
  }

  /** About the server. */
  void add(String method, String path, Scope scope, Route.Work work) {
    routes.add(new Route(method, path, scope, false, work));
  }

  /** About one model; also there for the default model. */
  void addPerModel(String method, String path, Scope scope, Route.Work work) {
    routes.add(new Route(method, FIRST + path, scope, true, work));
    routes.add(new Route(method, ONE_MODEL + path, scope, true, work));
  }

  /** About a model by its name alone. */
  void addModel(String method, Scope scope, Route.Work work) {
    routes.add(new Route(method, ONE_MODEL, scope, true, work));
  }

  /** All ways. */
  List<Route> routes() {
    return List.copyOf(routes);
  }

  /** Health, readiness and the description of all this, which need no token, and metrics. */
  void addOwn(Supplier<Messages.Health> readiness) {
    add("GET", "/health", Scope.NONE, call -> call.answer(200, new Messages.Health("up", null)));
    add("GET", "/ready", Scope.NONE, call -> {
      Messages.Health health = readiness.get();
      call.answer(health.status().equals("ready") ? 200 : 503, health);
    });
    byte[] document = document();
    add("GET", "/openapi.json", Scope.NONE, call -> call.answer(200, Call.JSON, document));
    add("GET", "/metrics", Scope.READ,
        call -> call.answer(200, "text/plain; version=0.0.4; charset=utf-8", meters.scrape().getBytes(UTF_8)));
  }

  private static byte[] document() {
    try (InputStream in = Api.class.getResourceAsStream("/dev/perennial/server/openapi.json")) {
      if (in == null) {
        throw new FailureException("expected openapi.json among the server's classes, found none: build it again");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new FailureException("cannot read openapi.json: " + e, e);
    }
  }

  /** The ways as Helidon takes them, and what is said of all other paths. */
  void into(HttpRouting.Builder routing) {
    for (Route route : routes) {
      routing.route(Method.create(route.method()), route.path(), (request, response) -> handle(route, request, response));
    }
    routing.any("/*", this::unknown);
  }

  private void handle(Route route, ServerRequest request, ServerResponse response) {
    long began = System.nanoTime();
    Call call = null;
    try {
      checkHost(request);
      String model = route.perModel() ? Call.model(request) : null;
      Principal principal = tokens.authorise(
          request.headers().first(HeaderNames.AUTHORIZATION).orElse(null), route.scope(), model);
      call = new Call(request, response, principal, limits, json);
      route.work().answer(call);
    } catch (Refused e) {
      tell(call, response, Problem.of(e));
    } catch (UsageException e) {
      tell(call, response, Problem.of(Refused.Reason.UNPROCESSABLE, String.valueOf(e.getMessage())));
    } catch (FailureException e) {
      tell(call, response, Problem.of(Refused.Reason.UNAVAILABLE, String.valueOf(e.getMessage())));
    } catch (UncheckedIOException | IOException e) {
      // The client has gone, or does not read: there is nobody to tell.
      throw new CloseConnectionException("the client went away", e);
    } catch (CloseConnectionException e) {
      throw e;
    } catch (Exception e) {
      LOG.log(Level.ERROR, "a defect in " + route.method() + " " + route.path(), e);
      tell(call, response, Problem.of(500, "a defect of the server",
          "the server met a defect and goes on; its log says where: please report it"));
    } finally {
      meters.request(route.method() + " " + route.path(), response.status().code(), System.nanoTime() - began);
    }
  }

  /** A page of somebody else's, under a name that leads here, must not speak to a server without tokens. */
  private void checkHost(ServerRequest request) {
    if (!tokens.required()) {
      String host = request.headers().first(HeaderNames.HOST).orElse("");
      String name = host.replaceFirst(":\\d+$", "");
      if (!hosts.contains(name)) {
        throw new Refused(Refused.Reason.MISDIRECTED, "expected a request for one of " + new TreeSet<>(hosts)
            + ", got one for another host: ask by that name, or start the server with tokens");
      }
    }
  }

  private void tell(@Nullable Call call, ServerResponse response, Problem problem) {
    if (response.isSent() || (call != null && call.isStreaming())) {
      throw new CloseConnectionException("a stream ended in a problem: " + problem.detail());
    }
    response.status(problem.status());
    response.header(HeaderNames.CONTENT_TYPE, Problem.MEDIA_TYPE);
    response.header("Cache-Control", "no-store");
    if (problem.status() == 401) {
      response.header("WWW-Authenticate", "Bearer");
    }
    if (problem.status() == 429 || problem.status() == 503) {
      response.header("Retry-After", "1");
    }
    if (problem.status() == 408 || problem.status() == 413) {
      // What is left of the body is not waited for.
      response.header("Connection", "close");
    }
    response.send(json.write(problem));
  }

  private void unknown(ServerRequest request, ServerResponse response) {
    String path = request.path().path();
    var allowed = new TreeSet<String>();
    for (Route route : routes) {
      if (path.matches(route.path().replaceAll("\\{[a-z]+}", "[^/]+"))) {
        allowed.add(route.method());
      }
    }
    if (allowed.isEmpty()) {
      tell(null, response, Problem.of(Refused.Reason.UNKNOWN, "expected a path that /openapi.json describes, got another"));
    } else {
      response.header("Allow", String.join(", ", allowed));
      tell(null, response, Problem.of(405, "method not allowed", "expected " + String.join(" or ", allowed) + " here, got "
          + request.prologue().method().text()));
    }
  }

  /** What is told where a request never gets as far as a way in. */
  byte[] early(int status, String title) {
    return json.write(Map.of("type", "about:blank", "title", title, "status", status, "detail",
        "expected a request of HTTP/1.1 as /openapi.json describes, got something else"));
  }
}
