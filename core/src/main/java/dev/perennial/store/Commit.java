package dev.perennial.store;

import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A state of the learner that was made durable as a whole.
 *
 * @param id 1, 2, 3 and so on in the order of writing
 * @param parent the commit that this one went on from; 0 for the first
 * @param time when it was made, by the caller's clock
 * @param position where in the stream it goes on
 * @param parts its parts by name
 * @param documents small texts that belong to it, such as a ledger or metrics as JSON, by name
 * @param collected whether its blobs were given up by {@link Store#collect}; its parts can then not be opened
 */
public record Commit(
    long id,
    long parent,
    Instant time,
    Position position,
    List<PartRef> parts,
    SortedMap<String, String> documents,
    boolean collected) {

  /** Copies the collections. */
  public Commit {
    parts = List.copyOf(parts);
    documents = Collections.unmodifiableSortedMap(new TreeMap<>((Map<String, String>) documents));
  }

  /**
   * SHA-256 over everything in the row that must never change: numbers as 8 little-endian bytes, texts as their UTF-8
   * length and bytes, counts before lists.
   */
  String sha256() {
    var digest = new Sha256().text("perennial commit 1").number(id).number(parent).text(time.toString());
    digest.number(position.experience()).number(position.step()).number(parts.size());
    for (PartRef part : parts) {
      digest.text(part.name()).text(part.combine().name()).text(part.sha256()).number(part.bytes());
    }
    digest.number(documents.size());
    documents.forEach((name, document) -> digest.text(name).text(document));
    return digest.hex();
  }
}
