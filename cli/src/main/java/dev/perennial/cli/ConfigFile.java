package dev.perennial.cli;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.perennial.FailureException;
import dev.perennial.KeyValues;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** A YAML file that gives a command's options under the same names, without the dashes. */
final class ConfigFile {

  /** What belongs on a command line only. */
  private static final Set<String> NOT_IN_FILES = Set.of("--config", "--help", "--version", "--verbose");

  /** Options made of named settings: those of the file and of the command line come together, name by name. */
  private static final Set<String> SETTINGS = Set.of("--option", "--scenario-option", "--budget");

  private final Path file;
  private final JsonNode content;

  private ConfigFile(Path file, JsonNode content) {
    this.file = file;
    this.content = content;
  }

  /**
   * Reads a file.
   *
   * @throws UsageException if there is none, or it is no YAML of names and values
   * @throws FailureException if it cannot be read
   */
  static ConfigFile read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new UsageException("expected a YAML file for --config, there is none at " + file + ": check the path");
    }
    try {
      var yaml = YAMLMapper.builder().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION).build();
      JsonNode content = yaml.readTree(Files.readAllBytes(file));
      if (!content.isObject()) {
        throw new UsageException(
            "expected lines of the form name: value in " + file + ", got something else: write, say, technique: ncm");
      }
      return new ConfigFile(file, content);
    } catch (JsonProcessingException e) {
      throw new UsageException("expected YAML in " + file + ", and line "
          + (e.getLocation() == null ? 1 : e.getLocation().getLineNr()) + " is something else: "
          + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new FailureException("cannot read " + file + " (" + e.getMessage() + "): check its permissions", e);
    }
  }

  /**
   * Gives the options of a command that was parsed the values of the file, where the command line gives none.
   *
   * @param fresh makes another object of the same command
   * @throws UsageException where a name is no option, or a value is none that the option takes
   */
  void fill(CommandSpec command, Supplier<Object> fresh) {
    ParseResult given = command.commandLine().getParseResult();
    ParseResult fromFile = parse(command, fresh);
    for (OptionSpec option : fromFile.matchedOptions()) {
      String name = option.longestName();
      List<String> inFile = option.getValue() instanceof List<?> ? option.getValue() : List.of();
      if (!given.hasMatchedOption(name)) {
        command.findOption(name).setValue(option.getValue());
      } else if (SETTINGS.contains(name)) {
        List<String> typed = command.findOption(name).getValue();
        var merged = KeyValues.of(name, inFile);
        merged.putAll(KeyValues.of(name, typed));
        command.findOption(name).setValue(new ArrayList<>(KeyValues.written(merged)));
      }
    }
  }

  private ParseResult parse(CommandSpec command, Supplier<Object> fresh) {
    var arguments = new ArrayList<String>();
    for (var entry : content.properties()) {
      OptionSpec option = command.findOption("--" + entry.getKey());
      if (option == null || NOT_IN_FILES.contains(option.longestName())) {
        throw new UsageException("expected the names of options in " + file + ", got " + entry.getKey()
            + ": choose among " + command.options().stream().map(OptionSpec::longestName)
                .filter(name -> !NOT_IN_FILES.contains(name)).map(name -> name.substring(2)).collect(joining(", ")));
      }
      for (String value : values(entry.getKey(), entry.getValue())) {
        arguments.add(option.longestName() + "=" + value);
      }
    }
    try {
      return new CommandLine(fresh.get()).parseArgs(arguments.toArray(String[]::new));
    } catch (ParameterException e) {
      throw new UsageException("in " + file + ": " + e.getMessage(), e);
    }
  }

  private List<String> values(String key, JsonNode value) {
    var values = new ArrayList<String>();
    if (value.isObject()) {
      value.properties().forEach(entry -> values.add(entry.getKey() + "=" + scalar(key, entry.getValue())));
    } else if (value.isArray()) {
      value.forEach(element -> values.add(scalar(key, element)));
    } else {
      values.add(scalar(key, value));
    }
    return values;
  }

  private String scalar(String key, JsonNode value) {
    if (!value.isValueNode() || value.isNull()) {
      throw new UsageException("expected a value for " + key + " in " + file + ", got "
          + (value.isNull() ? "nothing" : value) + ": write a text, a number, or a list of such");
    }
    return value.asText();
  }
}
