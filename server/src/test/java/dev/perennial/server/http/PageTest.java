package dev.perennial.server.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.server.Intake.Row;
import dev.perennial.server.ServerListener;
import dev.perennial.server.TinyWorld;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.logging.Level;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.Keys;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;
import org.openqa.selenium.support.ui.WebDriverWait;

/**
 * The page in a browser: what it shows, what can be done on it by keyboard, and that it asks nobody else.
 *
 * <p>Pictures of it go to target/. With {@code -Dperennial.readme=true} one goes to docs/images/serve.png too.
 */
@Tag("heavy")
final class PageTest {

  private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
  private static final Path DRIVER = Path.of("/usr/bin/chromedriver");
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir
  private Path directory = Path.of("");

  private ChromeDriver browser;

  @BeforeEach
  void open() {
    assertTrue(Files.isExecutable(CHROMIUM) && Files.isExecutable(DRIVER),
        "expected " + CHROMIUM + " and " + DRIVER + ", found not both: apt-get install chromium chromium-driver");
    var options = new ChromeOptions();
    options.setBinary(CHROMIUM.toFile());
    options.addArguments("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--window-size=1280,1000", "--hide-scrollbars");
    var logs = new LoggingPreferences();
    logs.enable(LogType.PERFORMANCE, Level.ALL);
    logs.enable(LogType.BROWSER, Level.ALL);
    options.setCapability("goog:loggingPrefs", logs);
    browser = new ChromeDriver(
        new ChromeDriverService.Builder().usingDriverExecutable(DRIVER.toFile()).usingAnyFreePort().build(), options);
  }

  @AfterEach
  void close() {
    browser.quit();
  }

  private String text(String id) {
    return String.valueOf(browser.findElement(By.id(id)).getDomProperty("textContent"));
  }

  private void await(String id, Predicate<String> expected) {
    new WebDriverWait(browser, PATIENCE).withMessage(() -> id + " says: " + text(id)).until(any -> expected.test(text(id)));
  }

  private static String json(List<Row> rows) {
    return rows.stream().map(row -> "{\"text\":\"" + row.text() + "\",\"label\":\"" + row.label() + "\"}")
        .collect(Collectors.joining("\n"));
  }

  /** Letters, of more classes from the middle on, with predictions in between. */
  private static void teachLetters(Client client, int rows) throws IOException {
    for (int from = 0; from < rows; from += 25) {
      int known = from < rows / 2 ? 5 : Letters.classes();
      List<Row> some = IntStream.range(from, from + 25).mapToObj(i -> Letters.letter(i, known)).toList();
      assertEquals(200, client.lines("/v1/learn?until=visible", json(some)).status());
      for (int i = from; i < from + 20; i++) {
        String text = Letters.letter(10_000 + i, Letters.classes()).text();
        assertEquals(200, client.post("/v1/predict", "{\"text\":\"" + text + "\"}").status());
      }
    }
  }

  @Test
  void page_showsTheStream_takesALabelByKeyboardAlone_andAsksNobodyElse() throws Exception {
    ServerOptions options = ServerOptions.of(directory.resolve("store")).at("127.0.0.1", 0)
        .withModels("minilm", new TreeMap<>(Map.of("features", "512")));
    try (var server = PerennialServer.start(options, new ServerListener() {}, Clock.systemUTC());
        var client = new Client(server.port())) {
      browser.get("http://127.0.0.1:" + server.port() + "/");
      await("live", "live"::equals);
      teachLetters(client, 500);
      String odd = "will it rain in Lisbon tomorrow";
      JsonNode asked = client.post("/v1/predict", "{\"text\":\"" + odd + "\"}").json().at("/predictions/0");
      assertEquals(200, client.send("POST", "/v1/snapshots", "", BodyPublishers.noBody()).status());

      await("about", about -> about.contains("500 rows learned, 8 classes"));
      JsonNode state = Client.JSON.readTree(client.get("/v1/events?most=1").text().split("data: ")[1]).get("state");
      await("accuracy", String.format("%.1f %%", 100 * state.at("/accuracy/present").asDouble())::equals);
      assertTrue(state.at("/accuracy/present").asDouble() > 0.6, state.get("accuracy").get("present").asText());
      assertEquals(8, browser.findElements(By.cssSelector("#known tr")).size());
      assertEquals(3, browser.findElements(By.cssSelector("#signals tr")).size());
      assertEquals(6, browser.findElements(By.cssSelector("#uses tr")).size());
      await("lineage", picture -> picture.contains("analytic-head"));
      await("waiting", waiting -> waiting.contains(odd));
      picture("page-light.png", "light");
      picture("page-dark.png", "dark");

      label(asked.get("id").asText(), "weather");
      await("taught", taught -> taught.startsWith("Learned as row 501") && taught.contains("weather"));
      assertEquals("weather", client.post("/v1/predict", "{\"text\":\"" + odd + "\"}").json().at("/predictions/0/label").asText());
      await("about", about -> about.contains("501 rows learned, 9 classes"));
      await("waiting", waiting -> !waiting.contains(odd));
      await("events", events -> events.contains("weather"));

      isUsableByAll();
      fitsAPhone();
      asksOnly("http://127.0.0.1:" + server.port() + "/");
    }
  }

  /** From the top of the page by the tabulator alone, then words and Enter. */
  private void label(String prediction, String label) {
    browser.executeScript("document.activeElement.blur(); window.scrollTo(0, 0)");
    for (int steps = 0; steps < 100; steps++) {
      new Actions(browser).sendKeys(Keys.TAB).perform();
      if (("label-" + prediction).equals(browser.switchTo().activeElement().getDomProperty("id"))) {
        new Actions(browser).sendKeys(label, Keys.ENTER).perform();
        return;
      }
    }
    throw new AssertionError("the input that waits is not reached by keyboard");
  }

  private void isUsableByAll() {
    Object nameless = browser.executeScript("""
        return [...document.querySelectorAll('input, select, button, canvas, [role=region], svg')].filter((one) =>
          !(one.labels?.length || one.ariaLabel || one.getAttribute('aria-labelledby') || one.textContent.trim()))
          .map((one) => one.outerHTML)""");
    assertEquals(List.of(), nameless);
    assertEquals(1, browser.findElements(By.tagName("main")).size());
    assertEquals(1, browser.findElements(By.tagName("h1")).size());
    for (var section : browser.findElements(By.cssSelector("main section"))) {
      assertFalse(text(String.valueOf(section.getDomAttribute("aria-labelledby"))).isBlank());
    }
    assertEquals("#main", browser.findElement(By.cssSelector(".skip")).getDomAttribute("href"));
  }

  private void fitsAPhone() throws IOException {
    browser.executeCdpCommand("Emulation.setDeviceMetricsOverride",
        Map.of("width", 390, "height", 844, "deviceScaleFactor", 1, "mobile", true));
    assertEquals(390L, browser.executeScript("return document.documentElement.scrollWidth"));
    picture("page-phone.png", "light");
    browser.executeCdpCommand("Emulation.clearDeviceMetricsOverride", Map.of());
    browser.manage().window().setSize(new Dimension(1280, 1000));
  }

  /** All of the page, whatever the window shows. */
  private void picture(String file, String scheme) throws IOException {
    browser.executeCdpCommand("Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    new WebDriverWait(browser, PATIENCE).until(any -> Boolean.TRUE.equals(
        browser.executeScript("return matchMedia('(prefers-color-scheme: " + scheme + ")').matches")));
    Path target = Files.createDirectories(Path.of("target"));
    byte[] png = captured(Map.of("format", "png", "captureBeyondViewport", true));
    assertTrue(png.length > 20_000, "a picture with something in it");
    Files.write(target.resolve(file), png);
    if (Boolean.getBoolean("perennial.readme") && file.equals("page-light.png")) {
      byte[] top = captured(Map.of("format", "png", "captureBeyondViewport", true,
          "clip", Map.of("x", 0, "y", 0, "width", 1280, "height", 1100, "scale", 0.8)));
      assertTrue(top.length < 200_000, top.length + " bytes are too many for the README");
      Files.write(Files.createDirectories(Path.of("..", "docs", "images")).resolve("serve.png"), top);
    }
  }

  private byte[] captured(Map<String, Object> parameters) {
    return Base64.getDecoder().decode(
        String.valueOf(browser.executeCdpCommand("Page.captureScreenshot", parameters).get("data")));
  }

  /** No request went anywhere else, and the policy of the page was not broken. */
  private void asksOnly(String base) throws IOException {
    int requests = 0;
    for (LogEntry entry : browser.manage().logs().get(LogType.PERFORMANCE)) {
      JsonNode message = Client.JSON.readTree(entry.getMessage()).get("message");
      if (message.get("method").asText().equals("Network.requestWillBeSent")) {
        String url = message.at("/params/request/url").asText();
        assertTrue(url.startsWith(base) || url.startsWith("data:"), url);
        requests++;
      }
    }
    assertTrue(requests >= 4, requests + " requests");
    List<String> told = browser.manage().logs().get(LogType.BROWSER).getAll().stream().map(LogEntry::getMessage).toList();
    assertEquals(List.of(), told, "the browser's console is empty");
  }

  @Test
  void token_isAskedFor_keptInTheTabAlone_andTextsAreForThoseWhoMayTeach() throws Exception {
    String backbone = TinyWorld.backbone(directory.resolve("encoder")).toString();
    Path tokens = Files.writeString(directory.resolve("tokens"), "reader read reader-0123456789abcdef\n"
        + "teacher read,learn teacher-0123456789abcdef\n");
    try (var server = PerennialServer.start(ServerTest.options(directory.resolve("guarded"), backbone).withTokens(tokens),
            new ServerListener() {}, Clock.systemUTC());
        var client = new Client(server.port(), "Authorization", "Bearer teacher-0123456789abcdef")) {
      assertEquals(200, client.post("/v1/learn", ServerTest.rowsJson(TinyWorld.rows(0, 30, 3))).status());
      assertEquals(200, client.post("/v1/predict", "{\"text\":\"w50 w51\"}").status());
      browser.get("http://127.0.0.1:" + server.port() + "/");
      new WebDriverWait(browser, PATIENCE).until(any -> browser.findElement(By.id("token")).isDisplayed());
      new Actions(browser).sendKeys("wrong-0123456789abcdef", Keys.ENTER).perform();
      await("token-problem", problem -> problem.contains("token"));
      new Actions(browser).sendKeys("reader-0123456789abcdef", Keys.ENTER).perform();
      await("live", "live"::equals);
      await("about", about -> about.contains("30 rows"));
      assertFalse(text("waiting").contains("w50"), "a reader is not shown what others asked");
      assertEquals("reader-0123456789abcdef", browser.executeScript("return sessionStorage.getItem('perennial-token')"));
      assertEquals(0L, browser.executeScript("return localStorage.length + document.cookie.length"));
      browser.executeScript("sessionStorage.clear()");
      browser.navigate().refresh();
      new WebDriverWait(browser, PATIENCE).until(any -> browser.findElement(By.id("token")).isDisplayed());
      new Actions(browser).sendKeys("teacher-0123456789abcdef", Keys.ENTER).perform();
      await("waiting", waiting -> waiting.contains("w50 w51"));
    }
  }
}
