package dev.perennial.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DatasetsTest {

  @Test
  void rowsOfWordNetNameTheirPartOfSpeechWhereTheyAreAskedTo() {
    DataSpec plain = DataSpec.wordnet(3).withMaxTestPerClass(2);
    DataSpec asked = new DataSpec(plain.sources(), null, null, null, DataSpec.PART_OF_SPEECH, null, List.of(), 0, 3, 2, false,
        null, 0);
    Dataset tasks = Datasets.read(asked, 1);
    all(tasks).forEach(row -> assertEquals(row.label().split("\\.")[0], row.task()));
    assertEquals(Set.of("adj", "adv", "noun", "verb"), all(tasks).map(Example::task).collect(Collectors.toSet()));
    assertEquals(all(Datasets.read(plain, 1)).toList(),
        all(tasks).map(row -> new Example(row.input(), row.label(), null, null)).toList());
  }

  /** WordNet has many glosses of most classes: as many to tune on as are asked for, none of them to learn or to test on. */
  @Test
  void validationRowsOfWordNetAreAsManyAsAreAskedFor() {
    DataSpec testing = DataSpec.wordnet(3).withMaxTestPerClass(40);
    Dataset tested = Datasets.read(testing, 1);
    Dataset tuned = Datasets.read(testing.onValidation(), 1);
    assertEquals(tested.train(), tuned.train());
    assertEquals(40, tuned.test().stream().filter(row -> row.label().equals("noun.animal")).count());
    assertTrue(Collections.disjoint(tuned.test(), all(tested).filter(row -> !tested.validation().contains(row)).toList()));
  }

  private static Stream<Example> all(Dataset dataset) {
    return Stream.of(dataset.train(), dataset.validation(), dataset.test()).flatMap(List::stream);
  }
}
