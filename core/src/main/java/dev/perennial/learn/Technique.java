package dev.perennial.learn;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The name and the source of a {@link Method}. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Technique {

  /** The name it is asked for by: lower case, words joined by hyphens. */
  String name();

  /** The title of the work it comes from. */
  String title();

  /** That work's arXiv id, or where else it is found. */
  String source();

  /** What an experience costs in time and what is kept, in one line. */
  String cost();
}
