package dev.perennial.stream;

import dev.perennial.data.Dataset;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.List;
import java.util.Set;

/**
 * A named way to arrange a dataset's rows into experiences: what stands behind a {@link Scenario}.
 *
 * <p>Arrangements carry {@link Named}, and are found through {@link java.util.ServiceLoader}, in any jar.
 *
 * @param <O> its options, a public record whose components are numbers, booleans, strings, enums, or records of such
 */
public interface Arrangement<O extends Record> {

  /** The name and the source of an arrangement. */
  @Documented
  @Retention(RetentionPolicy.RUNTIME)
  @Target(ElementType.TYPE)
  @interface Named {

    /** The name it is asked for by: lower case, words joined by hyphens. */
    String name();

    /** What comes with an experience, in one line. */
    String what();

    /** The title of the work it comes from. */
    String title();

    /** That work's arXiv id, or where else it is found. */
    String source();
  }

  /** What sets an arrangement apart from most. */
  enum Trait {
    /** The number of experiences need not be given: 0 is taken too. */
    COUNTS_ITSELF,
    /** It uses the tasks that rows name; others are refused rows that name some. */
    READS_TASKS,
    /** It takes rows of several labels; others are refused them. */
    LABEL_SETS,
    /**
     * Every row arrives once, in small pieces: techniques make one pass. An experience without test rows is a piece of
     * the next one that has some; only then is anything evaluated.
     */
    ONE_PASS
  }

  /** The options where nothing else is asked for. */
  O defaults();

  /**
   * The experiences, in the order of arrival: the same for the same arguments.
   *
   * <p>Each has training rows, its place as index, and as classes the labels of those rows. Its test rows are of its
   * own classes, or of its own domain. No row is in two experiences' test rows, nor in two's training rows; a
   * scenario that does not use all rows says which.
   *
   * @param dataset has rows to learn; they name a task or none does, they have an order or none has
   * @param tasks how many experiences are asked for; 0 where rows name tasks, or the arrangement counts itself
   * @param seed decides all that the dataset does not order itself
   * @throws dev.perennial.UsageException in one line, if that cannot be made of the dataset
   */
  List<Experience> experiences(O options, Dataset dataset, int tasks, long seed);

  /** What sets it apart. */
  default Set<Trait> traits() {
    return Set.of();
  }
}
