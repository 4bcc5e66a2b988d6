package dev.perennial.server.tenant;

import dev.perennial.FailureException;
import dev.perennial.server.Refused;
import dev.perennial.server.model.Encoders;
import dev.perennial.server.model.HeadSnapshot;
import dev.perennial.server.model.ModelDirectory;
import dev.perennial.server.model.Models;
import dev.perennial.server.model.ServedModel;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/**
 * The models of a process: the default one in the directory itself, others in {@code models/NAME} below it.
 *
 * <p>One is loaded when it is asked for. When the loaded ones take more than their memory, those go that are worth least
 * (GreedyDual-Size by the time it takes to load them again), but for those that have learned what their stores do not
 * hold. Safe for use by many threads.
 */
public final class Tenants implements Models, AutoCloseable {

  private final Path root;
  private final Encoders encoders;
  private final TenantOptions options;
  private final LongSupplier committedLine;
  private final Clock clock;
  private final ConcurrentHashMap<String, ServedModel> loaded = new ConcurrentHashMap<>();
  private final GreedyDualSize<String> worth = new GreedyDualSize<>();
  private long loads;
  private long evictions;

  /**
   * None is loaded yet.
   *
   * @param line the last line of the journal, after which a new model begins
   */
  public Tenants(Path root, Encoders encoders, TenantOptions options, LongSupplier line, Clock clock) {
    this.root = root;
    this.encoders = encoders;
    this.options = options;
    this.committedLine = line;
    this.clock = clock;
  }

  private Path directory(String name) {
    return name.equals(TenantName.DEFAULT) ? root : root.resolve("models").resolve(TenantName.require(name));
  }

  @Override
  public ServedModel open(String name) {
    ServedModel model = loaded.get(name);
    if (model != null) {
      touch(model);
      return model;
    }
    return load(name);
  }

  @Override
  public synchronized void publish(String name, HeadSnapshot snapshot) {
    load(name).publish(snapshot);
  }

  @Override
  public synchronized void reload(String name) {
    ServedModel before = loaded.remove(name);
    worth.remove(name);
    if (before != null) {
      before.close();
    }
    load(name);
  }

  private synchronized void touch(ServedModel model) {
    worth.used(model.name(), model.bytes());
  }

  private synchronized ServedModel load(String name) {
    ServedModel there = loaded.get(name);
    if (there != null) {
      return there;
    }
    Path directory = directory(name);
    if (!ModelDirectory.exists(directory)) {
      throw new Refused(Refused.Reason.UNKNOWN, "expected a model that is there, got " + name
          + ": make it by PUT /v1/models/" + name + ", or look at the list of models");
    }
    long began = System.nanoTime();
    ServedModel model = ServedModel.load(name, directory, encoders, options.threads());
    loads++;
    worth.used(name, Math.max(1, System.nanoTime() - began) / 1e9, model.bytes());
    loaded.put(name, model);
    makeRoom(name);
    return model;
  }

  private void makeRoom(String inUse) {
    for (String name : worth.keys()) {
      ServedModel model = loaded.get(name);
      if (model != null && !name.equals(inUse)) {
        // Heads grow with their classes.
        worth.resize(name, model.bytes());
      }
    }
    while (worth.bytes() > options.memory()) {
      var gone = worth.evict(name -> !name.equals(inUse) && !name.equals(TenantName.DEFAULT) && mayGo(name));
      if (gone.isEmpty()) {
        return;
      }
      loaded.remove(gone.get());
      evictions++;
    }
  }

  /** Whether a model's store holds all that it has learned, so that it can be read again. */
  private boolean mayGo(String name) {
    ServedModel model = loaded.get(name);
    return model == null || model.isCommitted();
  }

  /**
   * Makes a model that has learned nothing.
   *
   * @return whether it was made; false where it was there
   * @throws Refused if there are too many, or the name is none
   */
  public synchronized boolean create(String name) {
    Path directory = directory(name);
    if (ModelDirectory.exists(directory)) {
      return false;
    }
    if (!name.equals(TenantName.DEFAULT) && names().size() > options.mostModels()) {
      throw new Refused(Refused.Reason.TOO_MANY, "expected at most " + options.mostModels() + " models beside the default one,"
          + " and there are as many: delete one, or start the server with a larger --max-models");
    }
    ModelDirectory.create(directory, options.backbone(), encoders.backbone(options.backbone()), options.options(),
        options.seed(), committedLine.getAsLong(), clock);
    return true;
  }

  /**
   * Takes a model out of memory and deletes its files. Its store must have no writer.
   *
   * @throws Refused if there is none, or it is the default one
   */
  public synchronized void delete(String name) {
    if (name.equals(TenantName.DEFAULT)) {
      throw new Refused(Refused.Reason.CONFLICT, "expected a model beside the default one, which is the store that the"
          + " server was started with, got " + name + ": name another");
    }
    Path directory = directory(name);
    if (!ModelDirectory.exists(directory)) {
      throw new Refused(Refused.Reason.UNKNOWN, "expected a model that is there, got " + name);
    }
    loaded.remove(name);
    worth.remove(name);
    Path gone = root.resolve("models").resolve(".deleted-" + name + "-" + clock.millis());
    try {
      Files.move(directory, gone);
      try (Stream<Path> files = Files.walk(gone)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    } catch (IOException e) {
      throw new FailureException("cannot delete " + directory + ": " + e.getMessage() + "; delete it by hand", e);
    }
  }

  /** The names of all models, the default one first. */
  public List<String> names() {
    var names = new ArrayList<String>();
    Path models = root.resolve("models");
    if (Files.isDirectory(models)) {
      try (DirectoryStream<Path> directories = Files.newDirectoryStream(models, ModelDirectory::exists)) {
        directories.forEach(directory -> names.add(String.valueOf(directory.getFileName())));
      } catch (IOException e) {
        throw new FailureException("cannot list " + models + ": " + e.getMessage(), e);
      }
    }
    names.removeIf(name -> name.startsWith("."));
    names.sort(null);
    names.addFirst(TenantName.DEFAULT);
    return names;
  }

  /** Models that are loaded. */
  public int loadedCount() {
    return loaded.size();
  }

  /** Bytes of their heads. */
  public synchronized long bytes() {
    return worth.bytes();
  }

  /** How often a model was read from its store. */
  public synchronized long loads() {
    return loads;
  }

  /** How often one was given up. */
  public synchronized long evictions() {
    return evictions;
  }

  @Override
  public synchronized void close() {
    loaded.values().forEach(ServedModel::close);
    loaded.clear();
  }
}
