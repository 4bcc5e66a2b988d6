package dev.perennial.allocate;

import java.util.List;

/**
 * A subset of sites that was trained.
 *
 * @param sites their names
 * @param accuracy on validation rows
 * @param memorisation accuracy on rows that were learned less that on validation rows
 * @param parameters trained, the head's included
 * @param front whether no other trial is better in one reward and as good in the other
 */
public record SiteTrial(List<String> sites, double accuracy, double memorisation, long parameters, boolean front) {

  /** Copies the names. */
  public SiteTrial {
    sites = List.copyOf(sites);
  }

  /** The sites as {@code --option sites=...} takes them. */
  public String expression() {
    return String.join("|", sites.stream().map(name -> name.replace(".", "\\.")).toList());
  }
}
