package dev.perennial.route;

import dev.perennial.backbone.Site;
import java.util.List;
import java.util.Map;

/** A router at each site of a backbone, which looks at what the site is given, token by token. */
public interface SiteRouter {

  /** Where it routes, in the backbone's order. */
  List<Site> sites();

  /**
   * The routers of one pass through the backbone, by site. Each is asked once, in the order of the sites: one layer may
   * hear what those before it decided.
   */
  Map<Site, Router> pass();
}
