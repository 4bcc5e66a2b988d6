package dev.perennial.data;

import dev.perennial.FailureException;
import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.TreeMap;
import net.sf.extjwnl.JWNLException;
import net.sf.extjwnl.data.POS;
import net.sf.extjwnl.data.Pointer;
import net.sf.extjwnl.data.PointerType;
import net.sf.extjwnl.data.Synset;
import net.sf.extjwnl.dictionary.Dictionary;
import org.jspecify.annotations.Nullable;

/*
 * In each lexicographer file a synset stands below its first hypernym, if that is in the file too, otherwise below the file.
 * Cutting these trees, beginning with one piece a file, until there are enough pieces:
 *
 *   of the largest piece, the subtree whose size is nearest to half of it becomes a piece of its own
 */
/**
 * {@link WordNet}'s glosses in {@value #PIECES} pieces: subtrees of hypernyms within the lexicographer files. The label of a
 * gloss is its file, its task the piece. So a long stream of 45 classes arises, each of which comes back again and again with
 * glosses of another kind.
 */
public final class WordNetSubtrees {

  /** How many there are. */
  public static final int PIECES = 200;

  /** Pieces are not made smaller than that. */
  private static final int LEAST = 30;

  /** The purpose of the random numbers that shuffle a piece; the second number is the piece's place. */
  private static final long SHUFFLE = 107;

  private WordNetSubtrees() {}

  /** A synset, or a lexicographer file above all that stand below nothing else in it. */
  private static final class Node {

    private final String file;
    private final String name;
    private final List<Node> below = new ArrayList<>();
    /** Null where another one has the same. */
    private @Nullable String gloss;
    private @Nullable Node above;
    private boolean cut;

    private Node(String file, String name) {
      this.file = file;
      this.name = name;
    }

    /** Glosses from here down to where it was cut. */
    private List<String> glosses() {
      var glosses = new ArrayList<String>();
      collect(glosses);
      return glosses;
    }

    private void collect(List<String> glosses) {
      if (gloss != null) {
        glosses.add(gloss);
      }
      below.stream().filter(node -> !node.cut).forEach(node -> node.collect(glosses));
    }

    /** Counts glosses from here down, and keeps the node whose count is nearest to {@code half}. */
    private int count(int half, Nearest nearest) {
      int count = gloss == null ? 0 : 1;
      for (Node node : below) {
        if (!node.cut) {
          int own = node.count(half, nearest);
          nearest.see(node, own, half);
          count += own;
        }
      }
      return count;
    }
  }

  private static final class Nearest {

    private @Nullable Node node;
    private int size;

    private void see(Node seen, int count, int half) {
      if (node == null || Math.abs(count - half) < Math.abs(size - half)) {
        node = seen;
        size = count;
      }
    }
  }

  private record Piece(Node root, int size) {}

  /**
   * Reads the pieces, by the names of their files and of the synsets at their top. A gloss that stands at several synsets
   * counts once. The n glosses of a piece are shuffled; the smaller of {@code testPerPiece} and n / 5 are for testing, the next
   * {@code trainPerPiece} for learning.
   *
   * @param trainPerPiece at least 1
   * @param testPerPiece at least 0
   * @param seed decides which glosses are taken, and for which part
   * @throws FailureException if the files are damaged
   */
  public static Dataset read(int trainPerPiece, int testPerPiece, long seed) {
    var train = new ArrayList<Example>();
    var test = new ArrayList<Example>();
    int place = 0;
    for (var piece : pieces().entrySet()) {
      List<String> glosses = piece.getValue().glosses();
      int tested = Math.min(testPerPiece, glosses.size() / 5);
      int[] order = CounterRandom.of(seed, SHUFFLE, place++).permutation(glosses.size());
      for (int i = 0; i < Math.min(glosses.size(), tested + trainPerPiece); i++) {
        var gloss = new Input.Text(glosses.get(order[i]));
        (i < tested ? test : train).add(new Example(gloss, piece.getValue().file, piece.getKey(), null));
      }
    }
    return new Dataset(
        "WordNet's subtrees", train, List.of(), test, Dataset.BadRows.none((long) train.size() + test.size()));
  }

  private static Map<String, Node> pieces() {
    var sizes = new PriorityQueue<Piece>(
        Comparator.comparingInt(Piece::size).reversed().thenComparing(piece -> piece.root.file + " " + piece.root.name));
    var done = new ArrayList<Piece>();
    files().forEach(file -> sizes.add(new Piece(file, file.glosses().size())));
    while (!sizes.isEmpty() && sizes.size() + done.size() < PIECES) {
      Piece largest = sizes.remove();
      var nearest = new Nearest();
      largest.root.count(largest.size / 2, nearest);
      Node cut = nearest.node;
      if (cut == null || nearest.size < LEAST || largest.size - nearest.size < LEAST) {
        done.add(largest);
      } else {
        cut.cut = true;
        sizes.add(new Piece(cut, nearest.size));
        sizes.add(new Piece(largest.root, largest.size - nearest.size));
      }
    }
    done.addAll(sizes);
    done.sort(Comparator.comparing((Piece piece) -> piece.root.file).thenComparing(piece -> piece.root.name));
    var named = new TreeMap<String, Node>();
    for (Piece piece : done) {
      String name = piece.root.file.equals(piece.root.name) ? piece.root.file : piece.root.file + " " + piece.root.name;
      String free = name;
      for (int number = 2; named.containsKey(free); number++) {
        free = name + " " + number;
      }
      named.put(free, piece.root);
    }
    return named;
  }

  /** The files, with their synsets below them. */
  private static List<Node> files() {
    var files = new TreeMap<String, Node>();
    var nodes = new HashMap<String, Node>();
    var hypernyms = new ArrayList<Map.Entry<Node, String>>();
    var seen = new HashSet<String>();
    try {
      var dictionary = Dictionary.getDefaultResourceInstance();
      for (POS partOfSpeech : WordNet.PARTS_OF_SPEECH) {
        for (var synsets = dictionary.getSynsetIterator(partOfSpeech); synsets.hasNext();) {
          Synset synset = synsets.next();
          var node = new Node(synset.getLexFileName(), synset.getWords().getFirst().getLemma());
          String gloss = synset.getGloss().strip();
          node.gloss = seen.add(gloss) ? gloss : null;
          nodes.put(key(partOfSpeech, synset.getOffset()), node);
          List<Pointer> above = synset.getPointers(PointerType.HYPERNYM);
          hypernyms.add(Map.entry(node, above.isEmpty()
              ? ""
              : key(above.getFirst().getTargetPOS(), above.getFirst().getTargetOffset())));
        }
      }
      dictionary.close();
    } catch (JWNLException e) {
      throw new FailureException(
          "the packaged WordNet cannot be read: " + e.getMessage() + "; install Perennial again", e);
    }
    for (var entry : hypernyms) {
      Node node = entry.getKey();
      Node above = nodes.get(entry.getValue());
      if (above == null || !above.file.equals(node.file) || isBelow(above, node)) {
        above = files.computeIfAbsent(node.file, file -> new Node(file, file));
      }
      node.above = above;
      above.below.add(node);
    }
    return List.copyOf(files.values());
  }

  /** Whether {@code node} is {@code other} or stands below it: a few verbs stand below themselves. */
  private static boolean isBelow(Node node, Node other) {
    Node at = node;
    while (at != null && at != other) {
      at = at.above;
    }
    return at != null;
  }

  private static String key(POS partOfSpeech, long offset) {
    return partOfSpeech.getKey() + offset;
  }
}
