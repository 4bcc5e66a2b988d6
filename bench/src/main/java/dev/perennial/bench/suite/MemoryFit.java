package dev.perennial.bench.suite;

import dev.perennial.Options;
import dev.perennial.budget.Budget;
import dev.perennial.budget.Resource;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.engine.Run;
import dev.perennial.engine.RunListener;
import dev.perennial.engine.RunSpec;
import dev.perennial.learn.Techniques;
import dev.perennial.measure.Result;
import dev.perennial.stream.Stream;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * How much a technique may be told to keep so that it keeps to a memory budget.
 *
 * <p>What it keeps (samples, statistics, former models) is measured on a few rows of each class, at two sizes of the
 * option {@code memory} (bytes grow in proportion to samples, above what does not depend on them) or three of {@code
 * features} (bytes grow with their square); a technique with neither keeps what it keeps. The measurements are
 * made once and stored beside the suite.
 */
final class MemoryFit {

  /** Rows of a class that measurements learn at most. */
  private static final int ROWS_PER_CLASS = 20;

  private static final String FILE = "memory.json";

  /** An option that says how much is kept. */
  private enum Size {
    MEMORY("memory", 1, 10_000_000),
    FEATURES("features", 8, 65_536);

    private final String option;
    private final long least;
    private final long most;

    Size(String option, long least, long most) {
      this.option = option;
      this.least = least;
      this.most = most;
    }

    List<Long> sizes(Few few) {
      return switch (this) {
        case MEMORY -> List.of(
            (long) few.classes() * (few.rowsPerClass() / 2), (long) few.classes() * few.rowsPerClass());
        case FEATURES -> List.of(16L, 32L, 64L);
      };
    }

    static @Nullable Size of(Map<String, Object> options) {
      for (Size size : values()) {
        if (options.containsKey(size.option)) {
          return size;
        }
      }
      return null;
    }
  }

  /**
   * What each technique was seen to keep.
   *
   * @param byTechnique the sizes that it was told, and the bytes that it kept
   */
  private record Measured(TreeMap<String, Polynomial> byTechnique) {}

  /** The rows that measurements learn: so many of each class. */
  private record Few(int classes, int rowsPerClass) {}

  private final Suite suite;
  private final SuiteDirectory directory;
  private final Clock clock;
  private @Nullable Few few;

  MemoryFit(Suite suite, SuiteDirectory directory, Clock clock) {
    this.suite = suite;
    this.directory = directory;
    this.clock = clock;
  }

  /**
   * The spec with as much to keep as fits.
   *
   * @throws UnfitException if not even the least does
   */
  RunSpec fitted(RunSpec spec, long bytes) throws UnfitException {
    Size size = Size.of(options(spec));
    Polynomial kept = measured(spec, size);
    if (size == null || kept.y().stream().distinct().count() == 1) {
      double always = kept.y().getFirst();
      if (always > bytes) {
        throw new UnfitException("it keeps " + Resource.BYTES.format(always) + " of the past, and the budget is "
            + Resource.BYTES.format((double) bytes));
      }
      return spec;
    }
    long largest = kept.largestUpTo((double) bytes, size.least, size.most);
    if (largest < size.least) {
      throw new UnfitException("it keeps at least " + Resource.BYTES.format(kept.at(size.least))
          + " of the past, and the budget is " + Resource.BYTES.format((double) bytes));
    }
    return spec.withOption(size.option, Long.toString(largest));
  }

  /**
   * The spec with less to keep than a run that kept too much.
   *
   * @throws UnfitException if there is nothing that could be less
   */
  static RunSpec smaller(RunSpec spec, Result tooMuch, long bytes) throws UnfitException {
    Size size = Size.of(tooMuch.options());
    if (size != null && tooMuch.options().get(size.option) instanceof Number told) {
      long less = (long) (0.98 * told.longValue() * bytes / tooMuch.memoryBytes());
      if (less >= size.least) {
        return spec.withOption(size.option, Long.toString(less));
      }
    }
    throw new UnfitException("it keeps " + Resource.BYTES.format((double) tooMuch.memoryBytes())
        + " of the past, and the budget is " + Resource.BYTES.format((double) bytes));
  }

  private static Map<String, Object> options(RunSpec spec) {
    return Options.flat(Techniques.load().choose(spec.technique(), spec.options()).options());
  }

  private Polynomial measured(RunSpec spec, @Nullable Size size) {
    Measured known = SuiteFiles.read(directory.file(FILE), Measured.class)
        .orElseGet(() -> new Measured(new TreeMap<>()));
    Polynomial kept = known.byTechnique().get(spec.technique());
    if (kept == null) {
      kept = measure(spec, size);
      known.byTechnique().put(spec.technique(), kept);
      SuiteFiles.write(directory.file(FILE), known);
    }
    return kept;
  }

  private Polynomial measure(RunSpec spec, @Nullable Size size) {
    RunSpec small = small(spec);
    Few rows = few;
    if (rows == null) {
      rows = few(small);
      few = rows;
    }
    if (size == null) {
      return new Polynomial(List.of(0L), List.of(kept(small)));
    }
    List<Long> sizes = size.sizes(rows);
    var bytes = new ArrayList<Long>();
    for (long told : sizes) {
      bytes.add(kept(small.withOption(size.option, Long.toString(told))));
    }
    return new Polynomial(sizes, bytes);
  }

  private RunSpec small(RunSpec spec) {
    RunSpec base = suite.base();
    var small = new RunSpec(base.data().withMaxPerClass(ROWS_PER_CLASS).withMaxTestPerClass(1), base.scenario(),
        base.tasks(), spec.technique(), new TreeMap<>(spec.options()), base.backbone(), base.device(),
        Budget.UNLIMITED, 1, base.threads());
    return options(small).containsKey("epochs") ? small.withOption("epochs", "1") : small;
  }

  private long kept(RunSpec spec) {
    return run(spec, RunListener.SILENT, Run::execute).memoryBytes();
  }

  private Few few(RunSpec spec) {
    var seen = new Few[1];
    run(spec, new RunListener() {
      @Override
      public void prepared(Dataset dataset, Stream stream) {
        directory.begin();
        seen[0] = few(dataset);
      }
    }, run -> run.stream());
    return seen[0];
  }

  private static Few few(Dataset dataset) {
    var counts = new TreeMap<String, Integer>();
    for (Example row : dataset.train()) {
      counts.merge(row.label(), 1, Integer::sum);
    }
    int least = counts.values().stream().mapToInt(Integer::intValue).min().orElseThrow();
    return new Few(counts.size(), Math.max(2, Math.min(ROWS_PER_CLASS, least) / 2 * 2));
  }

  private <T> T run(RunSpec spec, RunListener listener, Function<Run, T> use) {
    Path store = directory.file("measured-" + spec.technique());
    SuiteFiles.remove(store);
    try (Run run = Run.create(spec, store, clock, listener)) {
      return use.apply(run);
    } finally {
      SuiteFiles.remove(store);
    }
  }
}
