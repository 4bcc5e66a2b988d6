package dev.perennial.brick.format;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.Site;
import dev.perennial.brick.Brick;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.KindFixture;
import dev.perennial.brick.Lora;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.brick.library.Library;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.Safetensors;
import dev.perennial.tensor.SafetensorsFile;
import dev.perennial.tensor.TensorData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class BrickFilesTest extends KindFixture {

  private static final String QUERY = "base_model.model.encoder.layer.0.attention.self.query.";

  /** Written by hand after the layout of PEFT 0.21. */
  private static final String LORA_CONFIG = """
      {
        "alora_invocation_tokens": null,
        "alpha_pattern": {
          "encoder.layer.1.attention.self.query": 5
        },
        "arrow_config": null,
        "auto_mapping": null,
        "base_model_name_or_path": "tiny",
        "bias": "none",
        "corda_config": null,
        "ensure_weight_tying": false,
        "eva_config": null,
        "exclude_modules": null,
        "fan_in_fan_out": false,
        "inference_mode": true,
        "init_lora_weights": true,
        "kasa_config": null,
        "layer_replication": null,
        "layers_pattern": null,
        "layers_to_transform": null,
        "loftq_config": {},
        "lora_alpha": 3,
        "lora_bias": false,
        "lora_dropout": 0.0,
        "lora_ga_config": null,
        "megatron_config": null,
        "megatron_core": "megatron.core",
        "modules_to_save": null,
        "monteclora_config": null,
        "peft_type": "LORA",
        "peft_version": "0.21.0",
        "qalora_group_size": 16,
        "r": 2,
        "rank_pattern": {
          "encoder.layer.0.attention.self.value": 3,
          "encoder.layer.1.attention.self.value": 3
        },
        "revision": null,
        "target_modules": [
          "query",
          "value"
        ],
        "target_parameters": null,
        "task_type": "FEATURE_EXTRACTION",
        "trainable_token_indices": null,
        "use_bdlora": null,
        "use_dora": false,
        "use_qalora": false,
        "use_rslora": true,
        "velora_config": null
      }""";

  @TempDir
  Path directory;

  private SavedBrick saved(String kind, String sites, SavedBrick.@Nullable Head head) {
    var options = new BrickOptions(kind, new LoraOptions(2, 3, 0, sites));
    Brick brick = options.on(backbone);
    try (Parameters fresh = new Parameters()) {
      brick.initialise(fresh, CounterRandom.of(1));
      var tensors = new TreeMap<String, TensorData>();
      fresh.state().forEach((name, data) -> {
        float[] values = data.floats();
        for (int i = 0; i < values.length; i++) {
          values[i] += (float) CounterRandom.of(4, name.hashCode()).gaussian(i);
        }
        tensors.put(name, TensorData.of(values, data.shape().stream().mapToLong(Long::longValue).toArray()));
      });
      return SavedBrick.of(options, tensors, brick.fixed(), head,
          new Provenance("stream", 7, "fine-tune", "0.1", List.of("a", "b"), backbone.digest(), "0-3"));
    }
  }

  private static SavedBrick.Head head() {
    float[] weight = new float[3 * 8];
    Arrays.setAll(new Object[weight.length], i -> weight[i] = i);
    return new SavedBrick.Head("linear-head", List.of("one", "zwei", "trés"), TensorData.of(weight, 3, 8),
        TensorData.of(new float[] {1, 2, 3}, 3));
  }

  @Test
  void read_recipe_isWhatWasWritten() throws IOException {
    var numbers = new TreeMap<>(Map.of("lambda", "0.5", "digest of a", "0a1b"));
    for (String kind : new String[] {"lora", "delta"}) {
      SavedBrick saved = saved(kind, "value|query", head());
      var made = new SavedBrick(saved.options(), saved.tensors(), saved.fixed(), saved.head(),
          saved.provenance().withRecipe(numbers));
      Path place = directory.resolve(kind);
      BrickFiles.write(place, made, backbone);
      assertEquals(numbers, BrickFiles.read(place, backbone).provenance().recipe());
    }
    Path lineage = directory.resolve("lora").resolve("perennial.json");
    Files.writeString(lineage, Files.readString(lineage).replace("\"0.5\"", "0.5"));
    var refusal = assertThrows(FailureException.class, () -> BrickFiles.read(directory.resolve("lora"), backbone));
    assertTrue(String.valueOf(refusal.getMessage()).contains("names and texts in recipe"), refusal.getMessage());
  }

  @Test
  void digest_anyPartChanged_isAnother() {
    SavedBrick saved = saved("lora", "value|query", head());
    String digest = saved.digest();
    assertEquals(64, digest.length());
    assertEquals(digest, saved("lora", "value|query", head()).digest());
    var tensors = new TreeMap<>(saved.tensors());
    TensorData first = tensors.firstEntry().getValue();
    float[] values = first.floats();
    values[values.length - 1] += 1;
    tensors.put(tensors.firstKey(),
        TensorData.of(values, first.shape().stream().mapToLong(Long::longValue).toArray()));
    assertNotEquals(digest, SavedBrick.of(saved.options(), tensors, saved.fixed(), head(), saved.provenance()).digest());
    assertNotEquals(digest, saved.withoutHead().digest());
    assertNotEquals(digest, saved("lora:rslora=true", "value|query", head()).digest());
    assertEquals(digest, SavedBrick.of(saved.options(), saved.tensors(), saved.fixed(), head(),
        saved.provenance().withParents("other")).digest());
  }

  @Test
  void write_lora_isTheLayoutOfPeft() throws IOException {
    Path place = directory.resolve("out");
    BrickFiles.write(place,
        saved("lora:rslora=true,ranks=.*value:3,alphas=.*1.*query:5", "value|query", null), backbone);
    assertEquals(LORA_CONFIG, Files.readString(place.resolve("adapter_config.json")).replace(
        "\"base_model_name_or_path\": \"" + backbone.name() + "\"", "\"base_model_name_or_path\": \"tiny\""));
    try (SafetensorsFile tensors = Safetensors.open(place.resolve("adapter_model.safetensors"))) {
      assertEquals(Map.of("format", "pt"), tensors.metadata());
      assertEquals(List.of(2L, 8L), tensors.tensor(QUERY + "lora_A.weight").shape());
      assertEquals(List.of(8L, 3L), tensors.tensor(QUERY.replace("query", "value") + "lora_B.weight").shape());
      assertEquals(8, tensors.names().size());
    }
    try (var files = Files.list(place)) {
      assertEquals(List.of("adapter_config.json", "adapter_model.safetensors", "perennial.json"),
          files.map(file -> file.getFileName().toString()).sorted().toList());
    }
  }

  /** Of every config that PEFT 0.21.0 writes. */
  private static final String COMMON_KEYS =
      "auto_mapping base_model_name_or_path inference_mode modules_to_save peft_type peft_version revision "
      + "task_type";

  /** Of its configs of LoRA. */
  private static final String LORA_KEYS =
      "alora_invocation_tokens alpha_pattern arrow_config bias corda_config ensure_weight_tying eva_config "
      + "exclude_modules fan_in_fan_out init_lora_weights kasa_config layer_replication layers_pattern "
      + "layers_to_transform loftq_config lora_alpha lora_bias lora_dropout lora_ga_config megatron_config "
      + "megatron_core monteclora_config qalora_group_size r rank_pattern target_modules target_parameters "
      + "trainable_token_indices use_bdlora use_dora use_qalora use_rslora velora_config";

  @ParameterizedTest
  @CsvSource({
      "lora, ''", "dora, ''",
      "adalora, beta1 beta2 deltaT init_r orth_reg_weight target_r tfinal tinit total_step",
      "ia3, exclude_modules fan_in_fan_out feedforward_modules init_ia3_weights target_modules",
      "prompt:tokens=3, num_attention_heads num_layers num_transformer_submodules num_virtual_tokens prompt_tuning_init "
          + "prompt_tuning_init_text token_dim tokenizer_kwargs tokenizer_name_or_path",
      "prefix:tokens=3, encoder_hidden_size init_weights num_attention_heads num_layers num_transformer_submodules "
          + "num_virtual_tokens prefix_projection token_dim",
  })
  void write_config_hasTheKeysOfTheVersionThatItNames(String kind, String own) throws IOException {
    Path place = directory.resolve("out");
    BrickFiles.write(place, saved(kind, "usual", null), backbone);
    var expected = new TreeSet<String>(List.of((COMMON_KEYS + " " + own).strip().split(" ")));
    if (kind.endsWith("ora")) {
      expected.addAll(List.of(LORA_KEYS.split(" ")));
    }
    var found = new ArrayList<String>();
    JsonNode config = new ObjectMapper().readTree(place.resolve("adapter_config.json").toFile());
    config.fieldNames().forEachRemaining(found::add);
    assertEquals(List.copyOf(expected), found);
    assertEquals("0.21.0", config.get("peft_version").textValue());
  }

  @Test
  void write_adaLora_hasTheStepsWithoutWhichPeftRefusesIt() throws IOException {
    Path place = directory.resolve("out");
    BrickFiles.write(place, saved("adalora:ranks=query:1", "usual", null), backbone);
    JsonNode config = new ObjectMapper().readTree(place.resolve("adapter_config.json").toFile());
    assertTrue(config.get("total_step").intValue() - config.get("tfinal").intValue() > config.get("tinit").intValue());
  }

  @Test
  void write_ia3WithFeedForwardSitesOfTheirOwnNames_namesThemAmongTheTargets() throws IOException {
    Path place = directory.resolve("out");
    SavedBrick saved = saved("ia3:feedForward=layer\\.0\\.output\\.dense", "key|output\\.dense", null);
    BrickFiles.write(place, saved, backbone);
    JsonNode config = new ObjectMapper().readTree(place.resolve("adapter_config.json").toFile());
    var targets = new ArrayList<String>();
    var own = new ArrayList<String>();
    config.get("target_modules").forEach(name -> targets.add(name.textValue()));
    config.get("feedforward_modules").forEach(name -> own.add(name.textValue()));
    assertEquals(List.of("encoder.layer.0.output.dense"), own);
    assertTrue(targets.containsAll(own), targets::toString);
    assertEquals(saved.on(backbone).shapes(), BrickFiles.read(place, backbone).on(backbone).shapes());
  }

  @ParameterizedTest
  @CsvSource({"prompt:tokens=3, base_model.classifier.", "prefix:tokens=3, base_model.classifier.",
      "lora, base_model.model.classifier."})
  void write_head_isNamedAsTheModuleIsWithinPeftsModel(String kind, String module) throws IOException {
    Path place = directory.resolve("out");
    BrickFiles.write(place, saved(kind, "usual", head()), backbone);
    try (SafetensorsFile tensors = Safetensors.open(place.resolve("adapter_model.safetensors"))) {
      assertEquals(Set.of(module + "weight", module + "bias"), tensors.names().stream()
          .filter(name -> name.contains("classifier")).collect(Collectors.toSet()));
    }
  }

  @ParameterizedTest
  @CsvSource({
      "dora, usual, LORA, lora_magnitude_vector, 8",
      "adalora:ranks=query:1, usual, ADALORA, lora_E, 1x1",
      "ia3, usual, IA3, '', ''",
      "ia3, key, IA3, ia3_l, ''",
  })
  void write_otherKinds_haveTheTypeOfPeft(String kind, String sites, String type, String suffix, String shape)
      throws IOException {
    Path place = directory.resolve("out");
    BrickFiles.write(place, saved(kind, sites, null), backbone);
    assertTrue(Files.readString(place.resolve("adapter_config.json")).contains("\"peft_type\": \"" + type + "\""));
    try (SafetensorsFile tensors = Safetensors.open(place.resolve("adapter_model.safetensors"))) {
      if (!suffix.isEmpty() && !shape.isEmpty()) {
        assertEquals(Arrays.stream(shape.split("x")).map(Long::valueOf).toList(), tensors.tensor(QUERY + suffix).shape());
      } else {
        String layer = "base_model.model.encoder.layer.0.";
        assertEquals(List.of(8L, 1L), tensors.tensor(layer + "attention.self.key.ia3_l").shape());
        if (sites.equals("usual")) {
          assertEquals(List.of(1L, 12L), tensors.tensor(layer + "output.dense.ia3_l").shape());
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"lora", "dora", "adalora:initialRank=4", "adalora:ranks=query:0", "ia3", "prompt:tokens=3",
      "prefix:tokens=2", "adapter", "compacter:factors=2", "ept:tokens=2,places=3", "delta", "sparse:density=0.25",
      "sara:density=0.3", "subspace:dimension=5", "stable-rps", "mos:pool=2"})
  void read_whatWasWritten_isTheSameAndIsWrittenToTheSameBytes(String kind) throws IOException {
    for (boolean withHead : new boolean[] {false, true}) {
      SavedBrick.Head head = withHead ? head() : null;
      String suffix = head == null ? "" : "-with-head";
      SavedBrick saved = saved(kind, "usual", head);
      Path first = directory.resolve("first" + suffix);
      Path second = directory.resolve("second" + suffix);
      BrickFiles.write(first, saved, backbone);
      SavedBrick read = BrickFiles.read(first, backbone);
      assertEquals(saved.tensors(), read.tensors());
      assertEquals(saved.fixed(), read.fixed());
      assertEquals(saved.head(), read.head());
      assertEquals(saved.provenance(), read.provenance());
      assertEquals(saved.on(backbone).shapes(), read.on(backbone).shapes());
      BrickFiles.write(second, read, backbone);
      assertEquals(bytes(first), bytes(second));
      assertEquals(kind.replaceFirst(":.*", ""), BrickFiles.summary(first).kind().replaceFirst(":.*", ""));
      assertEquals(saved.provenance(), BrickFiles.summary(first).provenance());
    }
  }

  private static Map<String, ByteBuffer> bytes(Path directory) throws IOException {
    var bytes = new TreeMap<String, ByteBuffer>();
    try (var files = Files.list(directory)) {
      for (Path file : files.toList()) {
        bytes.put(file.getFileName().toString(), ByteBuffer.wrap(Files.readAllBytes(file)));
      }
    }
    return bytes;
  }

  @Test
  void read_whatOthersWroteForAModelWithAHead_isUnderstood() throws IOException {
    var tensors = new TreeMap<String, TensorData>();
    for (String site : List.of("0.attention.self.query", "0.attention.self.value", "1.attention.self.query",
        "1.attention.self.value")) {
      int rank = site.equals("1.attention.self.value") ? 1 : 2;
      tensors.put("base_model.model.bert.encoder.layer." + site + ".lora_A.weight", half(rank, 8));
      tensors.put("base_model.model.bert.encoder.layer." + site + ".lora_B.weight", half(8, rank));
    }
    tensors.put("base_model.model.classifier.weight", half(2, 8));
    tensors.put("base_model.model.classifier.bias", half(2));
    Path place = Files.createDirectory(directory.resolve("foreign"));
    Safetensors.write(place.resolve("adapter_model.safetensors"), tensors, Map.of("format", "pt"));
    Files.writeString(place.resolve("adapter_config.json"), """
        {"peft_type": "LORA", "task_type": "SEQ_CLS", "r": 2, "lora_alpha": 4.5, "target_modules": ["value", "query"],
         "modules_to_save": ["classifier", "score"], "rank_pattern": {"bert.encoder.layer.1.attention.self.value": 1},
         "alpha_pattern": {"layer.0.*": 2}, "some_newer_key": null, "another": {}, "base_model_name_or_path": "b"}""");
    SavedBrick read = BrickFiles.read(place, backbone);
    var lora = (Lora) read.on(backbone);
    assertEquals(4, lora.sites().size());
    assertEquals(1.0, lora.scale(sites().getFirst()));
    assertEquals(4.5 / 2, lora.scale(sites().get(6)));
    assertEquals(4.5, lora.scale(sites().get(8)));
    assertEquals(1, lora.rank(sites().get(8)));
    assertArrayEquals(new float[] {0.5f, 1, 1.5f}, Arrays.copyOf(
        Objects.requireNonNull(read.tensors().get(QUERY + "lora_A.weight")).floats(), 3));
    assertEquals(List.of("0", "1"), read.head().orElseThrow().classes());
    assertEquals("imported", read.provenance().technique());
    assertEquals(backbone.digest(), read.provenance().base());
  }

  /** F16: 0.5, 1, 1.5 and so on. */
  private static TensorData half(long... shape) {
    int length = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    ByteBuffer bytes = ByteBuffer.allocate(2 * length).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < length; i++) {
      bytes.putShort(Float.floatToFloat16((i + 1) / 2f));
    }
    return TensorData.ofBytes(Dtype.F16, bytes.array(), shape);
  }

  @Test
  void read_tensorsThatDoNotBelong_areRefusedByFileAndName() {
    assertTensorsRefused("expected a tensor " + QUERY + "lora_A.weight of shape [2, 8], there is none",
        tensors -> tensors.remove(QUERY + "lora_A.weight"));
    assertTensorsRefused("of shape [2, 8], found F32 [8, 2]",
        tensors -> tensors.put(QUERY + "lora_A.weight", TensorData.of(new float[16], 8, 2)));
    assertTensorsRefused("of shape [2, 8], found F64 [2, 8]",
        tensors -> tensors.put(QUERY + "lora_A.weight", TensorData.of(new double[16], 2, 8)));
    assertTensorsRefused("found base_model.model.pooler.dense.lora_A.weight",
        tensors -> tensors.put("base_model.model.pooler.dense.lora_A.weight", TensorData.of(new float[16], 2, 8)));
    assertTensorsRefused("expected finite numbers in the tensor " + QUERY + "lora_B.weight, found NaN at place 0", tensors -> {
      float[] values = new float[16];
      values[0] = Float.NaN;
      tensors.put(QUERY + "lora_B.weight", TensorData.of(values, 8, 2));
    });
    assertTensorsRefused("classifier.weight of shape [classes, 8], found F32 [3, 5]",
        tensors -> tensors.put("base_model.model.classifier.weight", TensorData.of(new float[15], 3, 5)));
  }

  private void assertTensorsRefused(String part, Consumer<Map<String, TensorData>> change) {
    Path place = written("lora");
    Path file = place.resolve("adapter_model.safetensors");
    var tensors = new TreeMap<String, TensorData>();
    try (SafetensorsFile read = Safetensors.open(file)) {
      read.tensors().forEach((name, data) -> tensors.put(name,
          TensorData.of(data.floats(), data.shape().stream().mapToLong(Long::longValue).toArray())));
    }
    change.accept(tensors);
    Safetensors.write(file, tensors, Map.of("format", "pt"));
    assertRefused(place, part, "adapter_model.safetensors");
  }

  @Test
  void read_configsThatContradictOrAskForOtherThings_areRefusedByFileAndKey() throws IOException {
    assertConfigRefused("\"r\": 2", "\"r\": 3", "of shape [3, 8], found F32 [2, 8]", "adapter_model.safetensors");
    assertConfigRefused("\"r\": 2", "\"r\": 2000000000", "rank between 1 and 1024, got 2000000000");
    assertConfigRefused("\"r\": 2", "\"r\": \"2\"", "expected a whole number for r");
    assertConfigRefused("\"r\": 2", "\"r\": 2,\n  \"r\": 2", "Duplicate field 'r'");
    assertConfigRefused("\"LORA\"", "\"LOHA\"", "found LOHA");
    assertConfigRefused("\"peft_type\": \"LORA\",", "", "expected a peft_type");
    assertConfigRefused("\"bias\": \"none\"", "\"bias\": \"all\"", "expected bias none");
    assertConfigRefused("\"lora_bias\": false", "\"lora_bias\": true", "expected nothing for lora_bias");
    assertConfigRefused("\"init_lora_weights\": true", "\"init_lora_weights\": \"pissa_niter_4\"", "convert the adapter");
    assertConfigRefused("\"query\",", "\"elsewhere\",", "elsewhere names none");
    assertConfigRefused("\"rank_pattern\": {}", "\"rank_pattern\": {\"nowhere\": 4}", "nowhere names none");
    assertConfigRefused("\"rank_pattern\": {}", "\"rank_pattern\": {\"(\": 4}", "expected a regular expression");
    assertConfigRefused("\"arrow_config\": null", "\"newer_config\": 3", "expected nothing for newer_config");
    assertConfigRefused("\"velora_config\": null\n}", "\"velora_config\": null\n} x", "expected a JSON object");
  }

  private void assertConfigRefused(String from, String to, String... parts) throws IOException {
    Path place = written("lora");
    Path config = place.resolve("adapter_config.json");
    String text = Files.readString(config);
    assertTrue(text.contains(from), from);
    Files.writeString(config, text.replace(from, to));
    var all = Arrays.copyOf(parts, parts.length + 1);
    all[parts.length] = parts.length > 1 ? parts[1] : "adapter_config.json";
    assertRefused(place, all);
  }

  @Test
  void read_damagedOrForeignFiles_areRefusedByName() throws IOException {
    Path trailing = written("lora");
    Path file = trailing.resolve("adapter_model.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length + 1));
    assertRefused(trailing, "adapter_model.safetensors", "the file holds");
    Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
    assertRefused(trailing, "adapter_model.safetensors");
    Files.delete(file);
    assertRefused(trailing, "adapter_model.safetensors", "no such file");
    Files.write(trailing.resolve("adapter_model.bin"), new byte[3]);
    assertRefused(trailing, "adapter_model.bin", "safe_serialization=True");

    Path other = written("lora");
    Path lineage = other.resolve("perennial.json");
    String text = Files.readString(lineage);
    Files.writeString(lineage, text.replace(backbone.digest(), "0123"));
    assertRefused(other, "perennial.json", "found one of the backbone of digest 0123");
    Files.writeString(lineage, text.replace("\"format\": 1", "\"format\": 2"));
    assertRefused(other, "perennial.json", "format 1");
    Files.writeString(lineage, text.replace("\"seed\": 7", "\"sead\": 7"));
    assertRefused(other, "perennial.json", "found sead");

    Path own = written("sparse:density=0.25");
    Path tensors = own.resolve("brick.safetensors");
    Files.write(tensors, new String(Files.readAllBytes(tensors), ISO_8859_1)
        .replace("density=0.25", "density=0.26").getBytes(ISO_8859_1));
    assertRefused(own, "brick.safetensors", "sparse_places");

    assertThrows(UsageException.class, () -> BrickFiles.read(directory.resolve("nowhere"), backbone));
  }

  private int written;

  private Path written(String kind) {
    Path place = directory.resolve("written" + written++);
    BrickFiles.write(place, saved(kind, "usual", null), backbone);
    return place;
  }

  private void assertRefused(Path place, String... parts) {
    var refused = assertThrows(FailureException.class, () -> BrickFiles.read(place, backbone));
    for (String part : parts) {
      assertTrue(String.valueOf(refused.getMessage()).contains(part), "expected " + part + " in: " + refused.getMessage());
    }
    assertFalse(String.valueOf(refused.getMessage()).contains("\n"), refused.getMessage());
  }

  @Test
  void write_whereSomethingIs_isRefusedAndLeavesIt() throws IOException {
    Path place = Files.createDirectory(directory.resolve("taken"));
    Files.writeString(place.resolve("mine"), "text");
    assertThrows(UsageException.class, () -> BrickFiles.write(place, saved("lora", "usual", null), backbone));
    assertEquals("text", Files.readString(place.resolve("mine")));
    SavedBrick other = saved("lora", "usual", null);
    var misshapen = new TreeMap<>(other.tensors());
    misshapen.remove(misshapen.firstKey());
    assertThrows(FailureException.class, () -> BrickFiles.write(directory.resolve("new"),
        SavedBrick.of(other.options(), misshapen, Map.of(), null, other.provenance()), backbone));
    assertFalse(Files.exists(directory.resolve("new")));
  }

  @Test
  void library_names_areKeptOnceAndListed() {
    var library = new Library(directory.resolve("library"));
    assertEquals(List.of(), library.names());
    library.add("b", saved("lora", "usual", null), backbone);
    library.add("a.1", saved("sparse:density=0.25", "usual", null), backbone);
    assertEquals(List.of("a.1", "b"), library.names());
    assertEquals("sparse:density=0.25", Objects.requireNonNull(library.summaries().get("a.1")).kind());
    assertEquals(4 * 2 * 16, Objects.requireNonNull(library.summaries().get("b")).parameters());
    assertEquals(saved("lora", "usual", null).tensors(), library.read("b", backbone).tensors());
    assertThrows(UsageException.class, () -> library.add("b", saved("lora", "usual", null), backbone));
    assertThrows(UsageException.class, () -> library.add("../c", saved("lora", "usual", null), backbone));
    assertThrows(UsageException.class, () -> library.read("c", backbone));
  }

  @Test
  void python_numbers_areWrittenAsPythonDoes() {
    assertEquals("0.0", PythonJson.python(0));
    assertEquals("1e-05", PythonJson.python(1e-5));
    assertEquals("0.0001", PythonJson.python(1e-4));
    assertEquals("-1.5e-07", PythonJson.python(-1.5e-7));
    assertEquals("100.0", PythonJson.python(100));
    assertEquals("1e+16", PythonJson.python(1e16));
    assertEquals("1000000000000000.0", PythonJson.python(1e15));
    assertEquals("0.1", PythonJson.python(0.1));
    assertArrayEquals("{\n  \"a\": [],\n  \"b\": \"tr\\u00e9s\"\n}".getBytes(UTF_8),
        PythonJson.text(Map.of("b", "trés", "a", List.of())).getBytes(UTF_8));
  }

  @Test
  void names_ofSites_areThoseOfTheExpressionOrTheSitesOwn() {
    List<Site> all = sites();
    List<Site> queries = all.stream().filter(site -> site.name().endsWith("query")).toList();
    assertEquals(List.of("query"), PeftNames.of("query", queries, all));
    assertEquals(List.of("encoder.layer.0.attention.self.query", "encoder.layer.1.attention.self.query"),
        PeftNames.of("quer.", queries, all));
    assertEquals(List.of("encoder.layer.0.attention.self.query"), PeftNames.of("query", queries.subList(0, 1), all));
  }
}
