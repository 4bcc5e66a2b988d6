package dev.perennial.brick;

import dev.perennial.UsageException;
import dev.perennial.backbone.Site;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * How a LoRA brick is laid out, and what other kinds take of it.
 *
 * @param rank rows of A and columns of B, or the width of a bottleneck; 1 to 1024; default 8
 * @param alpha the product is scaled by alpha / rank; above 0; default 16
 * @param dropout share of the brick's input that is zeroed in training, 0 to below 1; default 0
 * @param sites a regular expression that a site's whole name, or its end after a dot, must match; default {@code usual}:
 *     query and value for LoRA, and what is usual for other kinds
 */
public record LoraOptions(int rank, double alpha, double dropout, String sites) {

  /** The sites that are usual for a kind. */
  public static final String USUAL = "usual";

  /** The usual sites at rank 8. */
  public static final LoraOptions DEFAULT = new LoraOptions(8, 16, 0, USUAL);

  /** Checks the ranges. */
  public LoraOptions {
    if (rank < 1 || rank > 1024) {
      throw new UsageException("expected a LoRA rank between 1 and 1024, got " + rank);
    }
    if (!(alpha > 0) || Double.isInfinite(alpha)) {
      throw new UsageException("expected a LoRA alpha above 0, got " + alpha);
    }
    if (!(dropout >= 0 && dropout < 1)) {
      throw new UsageException("expected a LoRA dropout from 0 to below 1, got " + dropout);
    }
  }

  /**
   * The sites among {@code all} that a LoRA brick is on.
   *
   * @throws UsageException if there are none
   */
  public List<Site> select(List<Site> all) {
    return select(all, Lora.USUAL_SITES);
  }

  /**
   * The sites among {@code all} that the pattern names.
   *
   * @param usual the pattern where the usual sites are asked for
   * @throws UsageException if there are none
   */
  public List<Site> select(List<Site> all, String usual) {
    String expression = sites.equals(USUAL) ? usual : sites;
    Pattern pattern;
    try {
      pattern = SitePatterns.pattern(expression);
    } catch (PatternSyntaxException e) {
      throw new UsageException(
          "expected a regular expression for the sites of a brick, got " + sites + ": " + e.getDescription(), e);
    }
    List<Site> selected = all.stream().filter(site -> pattern.matcher(site.name()).matches()).toList();
    if (selected.isEmpty()) {
      throw new UsageException("expected sites for a brick that the backbone has, and " + expression
          + " matches none: it has " + (all.isEmpty() ? "none at all" : "sites such as " + all.getFirst().name()));
    }
    return selected;
  }
}
