package dev.perennial.tune;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.perennial.Options;
import dev.perennial.learn.Techniques;
import dev.perennial.measure.Result;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/**
 * What tuning found, on validation rows alone.
 *
 * @param spec what was asked
 * @param data the name of the dataset
 * @param choice the entry to use
 * @param reason why that one, in a sentence without a full stop
 * @param entries all candidates that were judged: those that came further first, then the more accurate
 * @param dropped candidates that could not be run, or not to an end
 * @param mostRowsPerClass rows that there are to learn of the largest class
 * @param trials that were run
 * @param seconds that they took, wall clock
 */
public record Ranking(
    TuningSpec spec, String data, Entry choice, String reason, List<Entry> entries, List<Dropped> dropped,
    int mostRowsPerClass, int trials, double seconds) {

  /** Copies the lists. */
  public Ranking {
    entries = List.copyOf(entries);
    dropped = List.copyOf(dropped);
  }

  /**
   * A candidate and its figures: means over its trials on the largest part of the rows that it learned.
   *
   * @param technique its name
   * @param chosen options, by name, as a user would write them
   * @param options all of them with their values
   * @param round the last that it came through, from 1
   * @param rowsPerClass that it learned at most
   * @param validationRows that it was judged by
   * @param seeds that its trials had
   * @param accuracy on all validation rows after the last experience
   * @param spread standard deviation of the accuracy over the seeds; 0 for one
   * @param standardError how far the accuracy may be off
   * @param forgetting best accuracy so far minus the last, mean over the earlier experiences
   * @param learnSeconds of learning, wall clock
   * @param addedBytes that the model grew by
   * @param memoryBytes kept of the past
   */
  public record Entry(
      String technique, SortedMap<String, String> chosen, Map<String, Object> options, int round, int rowsPerClass,
      int validationRows, List<Long> seeds, double accuracy, double spread, double standardError, double forgetting,
      double learnSeconds, long addedBytes, long memoryBytes) {

    /** Copies the lists. */
    public Entry {
      chosen = Collections.unmodifiableSortedMap(chosen);
      options = Collections.unmodifiableMap(options);
      seeds = List.copyOf(seeds);
    }

    static Entry of(Standing standing, Techniques techniques) {
      Candidate candidate = standing.candidate();
      Trial last = standing.last().getLast();
      return new Entry(candidate.technique(), candidate.options(),
          Options.flat(techniques.choose(candidate.technique(), candidate.options()).options()), standing.round(),
          last.rowsPerClass(), last.validationRows(), standing.last().stream().map(Trial::seed).toList(),
          standing.accuracy(), standing.spread(), standing.standardError(), standing.mean(Result::forgetting),
          standing.learnSeconds(), Math.round(standing.mean(Result::addedBytes)),
          Math.round(standing.mean(Result::memoryBytes)));
    }

    /** The name and the chosen options in one line. */
    public String text() {
      return new Candidate(technique, chosen).text();
    }
  }

  /**
   * A candidate that was not judged, or not to the end.
   *
   * @param technique its name
   * @param chosen options, by name
   * @param reason in one line
   */
  public record Dropped(String technique, SortedMap<String, String> chosen, String reason) {

    /** The name and the chosen options in one line. */
    public String text() {
      return new Candidate(technique, chosen).text();
    }
  }

  /** The ranking as an indented JSON object that ends with a line end. */
  public String toJson() {
    try {
      return JsonMapper.builder()
          .defaultPropertyInclusion(
              JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS))
          .build().writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a ranking is made of texts and numbers", e);
    }
  }
}
