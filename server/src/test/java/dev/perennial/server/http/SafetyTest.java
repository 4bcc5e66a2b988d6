package dev.perennial.server.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.server.ServerListener;
import dev.perennial.server.TinyWorld;
import dev.perennial.server.safety.TlsFiles;
import dev.perennial.server.safety.Tokens;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may do what. */
final class SafetyTest {

  private static final String READER = "reader-token-0123456789";
  private static final String TEACHER = "teacher-token-0123456789";
  private static final String ADMIN = "admin-token-0123456789abc";

  @TempDir
  private static Path directory = Path.of("");

  private static String backbone = "";
  private static PerennialServer server;

  @BeforeAll
  static void start() throws Exception {
    backbone = TinyWorld.backbone(directory.resolve("encoder")).toString();
    Path tokens = directory.resolve("tokens.txt");
    Files.writeString(tokens, "# who may\nreader read " + READER + "\n\nteacher learn,read " + TEACHER + " shop\nops read,learn,admin "
        + ADMIN + "\n");
    server = PerennialServer.start(ServerTest.options(directory.resolve("store"), backbone).withTokens(tokens),
        new ServerListener() {}, Clock.systemUTC());
    try (Client ops = client(ADMIN)) {
      assertEquals(201, ops.send("PUT", "/v1/models/shop", "", BodyPublishers.noBody()).status());
      assertEquals(200, ops.post("/v1/learn", "{\"text\":\"w1\",\"label\":\"a\",\"until\":\"visible\"}").status());
    }
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static Client client(String token) {
    return new Client(server.port(), "Authorization", "Bearer " + token);
  }

  private static int status(String token, String method, String path, String body) throws IOException {
    try (Client client = client(token)) {
      return client.send(method, path, body.isEmpty() ? "" : "application/json",
          body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body)).status();
    }
  }

  @Test
  void token_missingOrUnknown_is401_butHealthIsOpen() throws Exception {
    try (Client nobody = new Client(server.port())) {
      assertEquals(401, nobody.get("/v1/classes").status());
      assertEquals(401, nobody.get("/metrics").status());
      assertEquals(200, nobody.get("/health").status());
      assertEquals(200, nobody.get("/openapi.json").status());
    }
    assertEquals(401, status(READER.substring(1), "GET", "/v1/classes", ""));
    assertEquals(401, status(READER + "x", "GET", "/v1/classes", ""));
    assertEquals(401, status("x", "GET", "/v1/classes", ""));
  }

  @Test
  void token_withoutTheScope_is403_andNothingHappens() throws Exception {
    assertEquals(200, status(READER, "POST", "/v1/predict", "{\"text\":\"w1\"}"));
    assertEquals(403, status(READER, "POST", "/v1/learn", "{\"text\":\"w1\",\"label\":\"b\"}"));
    assertEquals(403, status(READER, "PUT", "/v1/models/mine", ""));
    assertEquals(403, status(TEACHER, "POST", "/v1/models/shop/removals", "{\"source\":\"ops\"}"));
    try (Client ops = client(ADMIN)) {
      assertFalse(ops.get("/v1/models").text().contains("mine"));
      assertEquals(1, ops.get("/v1/models/default").json().get("classes").asInt());
    }
  }

  @Test
  void token_ofOneModel_isNotForOthers() throws Exception {
    String row = "{\"text\":\"w1\",\"label\":\"b\",\"until\":\"visible\"}";
    assertEquals(200, status(TEACHER, "POST", "/v1/models/shop/learn", row));
    assertEquals(403, status(TEACHER, "POST", "/v1/learn", row));
    assertEquals(403, status(TEACHER, "GET", "/v1/models", ""));
    try (Client ops = client(ADMIN)) {
      assertEquals("teacher", ops.get("/v1/models/shop/sources").json().get("sources").get(0).get("source").asText());
    }
  }

  @Test
  void key_ofAnotherClient_saysNothingOfIt() throws Exception {
    try (Client ops = client(ADMIN); Client teacher = client(TEACHER)) {
      ops.post("/v1/models/shop/learn", "{\"text\":\"w1\",\"label\":\"b\"}", "Idempotency-Key", "same");
      Client.Reply other = teacher.post("/v1/models/shop/learn", "{\"text\":\"w2\",\"label\":\"b\"}", "Idempotency-Key", "same");
      assertEquals(200, other.status());
      assertFalse(other.json().get("repeated").asBoolean());
    }
  }

  @Test
  void tokens_ofAnOddFile_areRefusedWithoutTellingThem() throws Exception {
    Path file = directory.resolve("odd.txt");
    for (String line : List.of("name read", "name read short", "name fly 0123456789abcdefgh", "a read 0123456789abcdefgh b c",
        "a read 0123456789abcdefgh\na read 0123456789abcdefgh", "")) {
      Files.writeString(file, line);
      var refused = assertThrows(UsageException.class, () -> Tokens.read(file));
      assertFalse(String.valueOf(refused.getMessage()).contains("0123456789abcdefgh"), refused.getMessage());
    }
  }

  @Test
  void tls_withACertificateOfOnesOwn_isSpoken() throws Exception {
    Path store = directory.resolve("keys.p12");
    Process keytool = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair",
        "-alias", "s", "-keyalg", "EC", "-dname", "CN=localhost", "-ext", "SAN=dns:localhost", "-validity", "2",
        "-keystore", store.toString(), "-storepass", "changeit", "-storetype", "PKCS12").redirectErrorStream(true).start();
    assertTrue(keytool.waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, keytool.exitValue());
    KeyStore keys = KeyStore.getInstance(store.toFile(), "changeit".toCharArray());
    Path key = pem("PRIVATE KEY", keys.getKey("s", "changeit".toCharArray()).getEncoded());
    Path certificate = pem("CERTIFICATE", keys.getCertificate("s").getEncoded());
    assertThrows(UsageException.class, () -> TlsFiles.context(key, certificate));
    try (var safe = PerennialServer.start(ServerTest.options(directory.resolve("store").resolve("safe"), backbone)
        .withTls(certificate, key), new ServerListener() {}, Clock.systemUTC());
        var http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
            .sslContext(trusting((X509Certificate) keys.getCertificate("s"))).build()) {
      var reply = http.send(HttpRequest.newBuilder(URI.create("https://localhost:" + safe.port() + "/health")).build(),
          BodyHandlers.ofString());
      assertEquals(200, reply.statusCode());
      try (Client plain = new Client(safe.port())) {
        assertThrows(IOException.class, () -> assertEquals(200, plain.get("/health").status()));
      }
    }
  }

  private static Path pem(String kind, byte[] der) throws IOException {
    Path file = directory.resolve(kind.replace(' ', '-') + ".pem");
    return Files.writeString(file, "-----BEGIN " + kind + "-----\n" + Base64.getMimeEncoder().encodeToString(der)
        + "\n-----END " + kind + "-----\n");
  }

  private static SSLContext trusting(X509Certificate certificate) throws Exception {
    KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
    trusted.load(null, null);
    trusted.setCertificateEntry("s", certificate);
    TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, factory.getTrustManagers(), null);
    return context;
  }
}
