package dev.perennial.protect;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.perennial.FailureException;
import dev.perennial.store.Commit;
import dev.perennial.store.Position;
import dev.perennial.store.Store;
import dev.perennial.store.StoredParts;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.Safetensors;
import dev.perennial.tensor.SafetensorsFile;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A commit of a store as one piece of memory: a safetensors file with all its tensors, called {@code PART-NUMBER/NAME},
 * and in its metadata all else.
 */
public final class StateImage {

  private static final String KEY = "perennial.image";
  private static final ObjectMapper JSON = JsonMapper.builder().build();

  private StateImage() {}

  private record PartName(String name, Combine combine) {}

  private record Rest(
      int format, String spec, long id, String time, int experience, long step, List<PartName> parts,
      Map<String, String> documents) {}

  /**
   * The image of a commit.
   *
   * @param parts of the commit, opened
   * @param arena where it is made
   */
  public static MemorySegment of(String spec, StoredParts parts, Arena arena) {
    Commit commit = parts.commit();
    var names = new ArrayList<PartName>();
    var tensors = new HashMap<String, TensorData>();
    for (StatePart part : parts.parts().values()) {
      int number = names.size();
      names.add(new PartName(part.name(), part.combine()));
      part.tensors().forEach((name, tensor) -> tensors.put(number + "/" + name, tensor));
    }
    var rest = new Rest(1, spec, commit.id(), commit.time().toString(), commit.position().experience(),
        commit.position().step(), names, commit.documents());
    try {
      Map<String, String> metadata = Map.of(KEY, JSON.writeValueAsString(rest));
      var counting = new Memory(MemorySegment.NULL);
      Safetensors.write(counting, tensors, metadata);
      MemorySegment image = arena.allocate(counting.at, ErasureCode.ALIGNMENT);
      Safetensors.write(new Memory(image), tensors, metadata);
      return image;
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("what a commit says is made of texts and numbers", e);
    } catch (IOException e) {
      throw new IllegalStateException("memory does not fail to be written", e);
    }
  }

  /** Memory written from its start; of no memory, a count alone. */
  private static final class Memory implements WritableByteChannel {
    private final MemorySegment memory;
    private long at;

    Memory(MemorySegment memory) {
      this.memory = memory;
    }

    @Override
    public int write(ByteBuffer source) {
      int length = source.remaining();
      if (memory.byteSize() > 0) {
        MemorySegment.copy(MemorySegment.ofBuffer(source), JAVA_BYTE, 0, memory, JAVA_BYTE, at, length);
      }
      source.position(source.limit());
      at += length;
      return length;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {
      // Memory is its arena's.
    }
  }

  /**
   * What an image holds.
   *
   * @param spec of the store
   * @param id of the commit in the store that it is the image of
   * @param time when that was made
   * @param position where to go on
   * @param documents of the commit
   * @param parts of the state, views of the image
   */
  public record Opened(
      String spec, long id, Instant time, Position position, Map<String, String> documents, List<StatePart> parts) {
    /** Copies the collections. */
    public Opened {
      documents = Map.copyOf(documents);
      parts = List.copyOf(parts);
    }

    /**
     * Makes a new store with this commit: beside its place first, so that the place holds a whole store or none.
     *
     * @param directory new, or an empty directory
     * @throws FailureException if it cannot be made there
     */
    public void writeTo(Path directory) {
      Path place = directory.toAbsolutePath().normalize();
      Path made = place.resolveSibling(place.getFileName() + ".partial-" + ProcessHandle.current().pid());
      try (Store store = Store.create(made, spec)) {
        store.commit(position, parts, documents, time);
      }
      try {
        Files.move(made, place, StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException e) {
        throw new FailureException("cannot put the store in its place " + directory + " (" + e.getMessage()
            + "): it is whole in " + made, e);
      }
    }
  }

  /**
   * Reads an image.
   *
   * @throws FailureException if it is none
   */
  public static Opened open(MemorySegment image) {
    SafetensorsFile file = Safetensors.parse(image, "the snapshot");
    try {
      Rest rest = JSON.readValue(file.metadata().getOrDefault(KEY, ""), Rest.class);
      var tensors = new ArrayList<TreeMap<String, TensorData>>();
      rest.parts().forEach(part -> tensors.add(new TreeMap<>()));
      file.tensors().forEach((name, tensor) -> {
        int slash = name.indexOf('/');
        tensors.get(Integer.parseInt(name.substring(0, slash))).put(name.substring(slash + 1), tensor);
      });
      var parts = new ArrayList<StatePart>();
      for (int i = 0; i < tensors.size(); i++) {
        parts.add(new StatePart(rest.parts().get(i).name(), rest.parts().get(i).combine(), tensors.get(i)));
      }
      return new Opened(rest.spec(), rest.id(), Instant.parse(rest.time()),
          new Position(rest.experience(), rest.step()), rest.documents(), parts);
    } catch (JsonProcessingException | NullPointerException | IllegalArgumentException | IndexOutOfBoundsException
        | DateTimeException e) {
      throw new FailureException("expected the image of a commit, got something else", e);
    }
  }
}
