package dev.perennial.server.cache;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.KnnFloatVectorField;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.ReaderUtil;
import org.apache.lucene.index.Term;
import org.apache.lucene.index.VectorSimilarityFunction;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.KnnFloatVectorQuery;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.SearcherManager;
import org.apache.lucene.store.ByteBuffersDirectory;
import org.apache.lucene.util.VectorUtil;

/**
 * Nearest neighbours among unit vectors: one graph of Lucene's (HNSW) for each space, in memory. It holds numbers and
 * vectors alone; texts and answers stay outside of it.
 *
 * <p>What was added since Lucene last looked is compared one by one, so that it is found at once. Safe for use by many
 * threads.
 */
final class VectorIndex implements AutoCloseable {

  /** Lucene's own limit. */
  static final int WIDEST = 1024;

  private static final String ID = "id";
  private static final String KEY = "key";

  /** Says at a warning's level that Java's incubating vector module is off. Kept, or the level would be lost with it. */
  private static final Logger CHATTER =
      Logger.getLogger("org.apache.lucene.internal.vectorization.VectorizationProvider");

  private final int fresh;
  private final ByteBuffersDirectory directory = new ByteBuffersDirectory();
  private final IndexWriter writer;
  private final SearcherManager searchers;
  private final Map<Long, Pending> pending = new ConcurrentHashMap<>();
  private final ReentrantLock refreshing = new ReentrantLock();

  private record Pending(String space, float[] unit) {}

  private record Scored(long id, float score) {}

  /**
   * Empty.
   *
   * @param fresh vectors that are compared one by one before Lucene takes them in
   */
  VectorIndex(int fresh) {
    CHATTER.setLevel(Level.SEVERE);
    this.fresh = fresh;
    try {
      writer = new IndexWriter(directory, new IndexWriterConfig());
      searchers = new SearcherManager(writer, null);
    } catch (IOException e) {
      throw new UncheckedIOException("memory is not read from a disk", e);
    }
  }

  /**
   * Adds a vector under a number that was never used before.
   *
   * @param space that it is found in; all vectors of a space have the same width, {@value #WIDEST} at most
   */
  void add(String space, long id, float[] unit) {
    var document = new Document();
    document.add(new KnnFloatVectorField(space, unit, VectorSimilarityFunction.DOT_PRODUCT));
    document.add(new NumericDocValuesField(ID, id));
    document.add(new StringField(KEY, Long.toString(id), Field.Store.NO));
    try {
      writer.addDocument(document);
      pending.put(id, new Pending(space, unit));
      if (pending.size() >= fresh && refreshing.tryLock()) {
        try {
          refresh();
        } finally {
          refreshing.unlock();
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("memory is not written to a disk", e);
    }
  }

  private void refresh() throws IOException {
    // What is pending before is in the index: it was added there first.
    List<Long> taken = List.copyOf(pending.keySet());
    searchers.maybeRefreshBlocking();
    taken.forEach(pending::remove);
  }

  /** Removes a vector; searches that are under way may still find it. */
  void remove(long id) {
    pending.remove(id);
    try {
      writer.deleteDocuments(new Term(KEY, Long.toString(id)));
    } catch (IOException e) {
      throw new UncheckedIOException("memory is not written to a disk", e);
    }
  }

  /** Numbers of the nearest vectors of a space, up to {@code most} that Lucene knows and as many that are new. */
  List<Long> near(String space, float[] unit, int most) {
    var scored = new ArrayList<Scored>();
    pending.forEach((id, one) -> {
      if (one.space.equals(space)) {
        scored.add(new Scored(id, VectorUtil.dotProduct(one.unit, unit)));
      }
    });
    scored.sort(Comparator.comparingDouble(Scored::score).reversed());
    var ids = new ArrayList<Long>();
    scored.subList(0, Math.min(most, scored.size())).forEach(one -> ids.add(one.id));
    try {
      IndexSearcher searcher = searchers.acquire();
      try {
        for (ScoreDoc hit : searcher.search(new KnnFloatVectorQuery(space, unit, most), most).scoreDocs) {
          List<LeafReaderContext> leaves = searcher.getLeafContexts();
          LeafReaderContext leaf = leaves.get(ReaderUtil.subIndex(hit.doc, leaves));
          NumericDocValues numbers = DocValues.getNumeric(leaf.reader(), ID);
          if (!numbers.advanceExact(hit.doc - leaf.docBase)) {
            throw new IllegalStateException("a vector without its number");
          }
          ids.add(numbers.longValue());
        }
      } finally {
        searchers.release(searcher);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("memory is not read from a disk", e);
    }
    return ids;
  }

  @Override
  public void close() {
    try {
      searchers.close();
      writer.rollback();
      directory.close();
    } catch (IOException e) {
      throw new UncheckedIOException("memory is not written to a disk", e);
    }
  }
}
