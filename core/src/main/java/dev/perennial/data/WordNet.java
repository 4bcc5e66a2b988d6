package dev.perennial.data;

import dev.perennial.FailureException;
import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import net.sf.extjwnl.JWNLException;
import net.sf.extjwnl.data.POS;
import net.sf.extjwnl.data.Synset;
import net.sf.extjwnl.dictionary.Dictionary;

/**
 * WordNet 3.1 as a text classification: the gloss of a synset is the text, the lexicographer file that it was written
 * in, such as {@code noun.animal}, the label. It has 117,791 synsets in 45 files, read in about a second.
 *
 * <p>Source: Christiane Fellbaum (ed.), "WordNet: An Electronic Lexical Database", MIT Press 1998; the files of 3.1 as
 * packaged by extJWNL.
 */
public final class WordNet {

  /** The purpose of the random numbers that shuffle a class; the second number is the class's place. */
  private static final long SHUFFLE = 102;

  /** The order in which glosses are read, and in which a repeated one is first met. */
  static final List<POS> PARTS_OF_SPEECH = List.of(POS.NOUN, POS.VERB, POS.ADJECTIVE, POS.ADVERB);

  private WordNet() {}

  /**
   * Reads the glosses.
   *
   * <p>A gloss that stands at several synsets counts once, for the first of them: nouns before verbs, adjectives and
   * adverbs, then by their place in WordNet's files; so no text is in two parts or two classes. The n glosses of each
   * class are shuffled; the smaller of {@code testPerClass} and n / 5 are for testing, the next {@code trainPerClass}
   * for learning, the next {@code validationPerClass} for tuning, as far as they last. The rows of each part stand
   * class by class, in the alphabetical order of the labels.
   *
   * @param seed decides which glosses are taken, and for which part
   * @throws FailureException if the files are damaged
   */
  public static Dataset read(WordNetOptions options, long seed) {
    var train = new ArrayList<Example>();
    var validation = new ArrayList<Example>();
    var test = new ArrayList<Example>();
    int place = 0;
    for (var oneClass : glosses().entrySet()) {
      var shuffled = shuffled(oneClass.getValue(), CounterRandom.of(seed, SHUFFLE, place++));
      int tested = Math.min(options.testPerClass(), shuffled.size() / 5);
      int learned = Math.min(options.trainPerClass(), shuffled.size() - tested);
      int tuned = Math.min(options.validationPerClass(), shuffled.size() - tested - learned);
      for (int i = 0; i < tested + learned + tuned; i++) {
        var part = i < tested ? test : i < tested + learned ? train : validation;
        part.add(Example.of(shuffled.get(i), oneClass.getKey()));
      }
    }
    return new Dataset(
        "WordNet", train, validation, test, Dataset.BadRows.none(train.size() + validation.size() + test.size()));
  }

  /** Each lexicographer file's glosses, none of them twice. */
  private static Map<String, List<String>> glosses() {
    var seen = new HashSet<String>();
    var glosses = new TreeMap<String, List<String>>();
    try {
      var dictionary = Dictionary.getDefaultResourceInstance();
      for (var partOfSpeech : PARTS_OF_SPEECH) {
        for (var synsets = dictionary.getSynsetIterator(partOfSpeech); synsets.hasNext();) {
          Synset synset = synsets.next();
          var gloss = synset.getGloss().strip();
          if (seen.add(gloss)) {
            glosses.computeIfAbsent(synset.getLexFileName(), name -> new ArrayList<>()).add(gloss);
          }
        }
      }
      dictionary.close();
    } catch (JWNLException e) {
      throw new FailureException(
          "the packaged WordNet cannot be read: " + e.getMessage() + "; install Perennial again", e);
    }
    return glosses;
  }

  private static List<String> shuffled(List<String> rows, CounterRandom random) {
    var shuffled = new ArrayList<String>(rows.size());
    for (int place : random.permutation(rows.size())) {
      shuffled.add(rows.get(place));
    }
    return shuffled;
  }
}
