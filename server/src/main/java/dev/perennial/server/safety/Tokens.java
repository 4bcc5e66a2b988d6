package dev.perennial.server.safety;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.server.Refused;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The bearer tokens that a server knows.
 *
 * <p>A file with a line for each: a name, scopes with commas between, the token, and where it is not for all models their
 * names with commas between. Blank lines and those that begin with # are left out.
 *
 * <pre>{@code
 * shop     read,learn   9f4e0c63f0b14e2f8a   orders,returns
 * ops      read,learn,admin   4be1a66db0174bb7a2
 * }</pre>
 *
 * <p>Only SHA-256 digests of tokens are kept in memory. A token that comes is compared with all of them, each in a time
 * that does not depend on where they differ.
 */
public final class Tokens {

  private static final int SHORTEST = 16;

  private final List<Known> known;

  private record Known(byte[] digest, Principal principal) {}

  private Tokens(List<Known> known) {
    this.known = known;
  }

  /** No tokens: everybody who can reach the server may do everything. */
  public static Tokens none() {
    return new Tokens(List.of());
  }

  /**
   * Reads a file.
   *
   * @throws UsageException if a line is not such a line; the token is not told
   * @throws FailureException if it cannot be read
   */
  public static Tokens read(Path file) {
    List<String> lines;
    try {
      lines = Files.readAllLines(file, UTF_8);
    } catch (IOException e) {
      throw new FailureException("cannot read the tokens in " + file + ": " + e, e);
    }
    var tokens = new ArrayList<Known>();
    var names = new HashSet<String>();
    for (int number = 1; number <= lines.size(); number++) {
      String line = lines.get(number - 1).strip();
      if (!line.isEmpty() && !line.startsWith("#")) {
        Known token = token(line, file + " line " + number);
        if (!names.add(token.principal.name())) {
          throw new UsageException(file + " line " + number + ": expected names that differ, got "
              + token.principal.name() + " twice");
        }
        tokens.add(token);
      }
    }
    if (tokens.isEmpty()) {
      throw new UsageException("expected a line NAME SCOPES TOKEN in " + file + ", found none: add one, or leave the file out");
    }
    return new Tokens(tokens);
  }

  private static Known token(String line, String where) {
    String[] words = line.split("\\s+");
    if (words.length < 3 || words.length > 4) {
      throw new UsageException(where + ": expected NAME SCOPES TOKEN, and MODELS where it is not for all, got " + words.length
          + " words");
    }
    if (words[2].length() < SHORTEST) {
      throw new UsageException(where + ": expected a token of at least " + SHORTEST + " characters, got "
          + words[2].length() + ": make one by openssl rand -hex 24");
    }
    var scopes = EnumSet.noneOf(Scope.class);
    for (String scope : words[1].split(",")) {
      switch (scope) {
        case "read" -> scopes.add(Scope.READ);
        case "learn" -> scopes.add(Scope.LEARN);
        case "admin" -> scopes.add(Scope.ADMIN);
        default -> throw new UsageException(where + ": expected scopes among read, learn and admin, got " + scope);
      }
    }
    return new Known(digest(words[2]),
        new Principal(words[0], scopes, words.length == 4 ? Set.of(words[3].split(",")) : Set.of()));
  }

  /** Whether a token is asked for. */
  public boolean required() {
    return !known.isEmpty();
  }

  /**
   * Finds out who sends a request, and that it may.
   *
   * @param authorization the header of that name; null where there is none
   * @param scope that is needed
   * @param model that is meant; null where none is
   * @throws Refused if it may not
   */
  public Principal authorise(@Nullable String authorization, Scope scope, @Nullable String model) {
    if (!required()) {
      return Principal.LOCAL;
    }
    if (scope == Scope.NONE) {
      return new Principal("anyone", Set.of(), Set.of());
    }
    Principal principal = principal(authorization);
    if (!principal.scopes().contains(scope)) {
      throw new Refused(Refused.Reason.FORBIDDEN, "expected a token with the scope " + scope.name().toLowerCase(Locale.ROOT)
          + ", got that of " + principal.name() + ", which has it not: use another, or add the scope in the file of tokens");
    }
    if (!principal.models().isEmpty() && (model == null || !principal.models().contains(model))) {
      throw new Refused(Refused.Reason.FORBIDDEN, "expected a token for " + (model == null ? "the server" : "this model")
          + ", got that of " + principal.name() + ", which is for other models: use another");
    }
    return principal;
  }

  private Principal principal(@Nullable String authorization) {
    String prefix = "bearer ";
    if (authorization == null || !authorization.regionMatches(true, 0, prefix, 0, prefix.length())) {
      throw new Refused(Refused.Reason.UNAUTHENTICATED,
          "expected the header Authorization: Bearer TOKEN, got none: send a token of the server's file");
    }
    byte[] digest = digest(authorization.substring(prefix.length()).strip());
    Principal found = null;
    for (Known token : known) {
      if (MessageDigest.isEqual(token.digest, digest)) {
        found = token.principal;
      }
    }
    if (found == null) {
      throw new Refused(Refused.Reason.UNAUTHENTICATED, "expected a token that this server knows, got another: check it");
    }
    return found;
  }

  private static byte[] digest(String token) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(token.getBytes(UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
