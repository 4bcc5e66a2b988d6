package dev.perennial.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
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

  private static Stream<Example> all(Dataset dataset) {
    return Stream.of(dataset.train(), dataset.validation(), dataset.test()).flatMap(List::stream);
  }
}
