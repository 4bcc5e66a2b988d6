package dev.perennial.backbone;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import dev.perennial.FailureException;
import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.TensorData;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The float32 weights of an ONNX file, without its graph.
 *
 * <p>Only what names and holds weights is read of the protocol buffer (onnx.proto3): {@code ModelProto.graph = 7};
 * {@code GraphProto.node = 1, initializer = 5}; {@code NodeProto.input = 1, name = 3, op_type = 4};
 * {@code TensorProto.dims = 1, data_type = 2, name = 8, raw_data = 9}.
 *
 * <p>Exporters keep the names of embeddings, biases and norms, and lose those of the matrices that a {@code MatMul}
 * multiplies by; such a matrix is found by the name of its node, and is stored [in, out].
 */
final class OnnxInitializers {

  private static final int FLOAT = 1;
  private static final int VARINT = WireFormat.WIRETYPE_VARINT;
  private static final int BYTES = WireFormat.WIRETYPE_LENGTH_DELIMITED;

  private final Map<String, Initializer> byName = new HashMap<>();
  private final List<Node> nodes = new ArrayList<>();
  private final String where;

  /** A float32 tensor, row-major, little-endian, whose bytes may be of any number until {@link #data} is asked for. */
  record Initializer(String name, long[] shape, ByteString bytes, String where) {

    /**
     * A view of the bytes.
     *
     * @throws FailureException if they do not fill the shape
     */
    TensorData data() {
      try {
        return new TensorData(Dtype.F32, Arrays.stream(shape).boxed().toList(),
            MemorySegment.ofBuffer(bytes.asReadOnlyByteBuffer()));
      } catch (IllegalArgumentException e) {
        throw new FailureException("expected the bytes of " + name + " inside " + where + ": " + e.getMessage(), e);
      }
    }
  }

  private record Node(String name, String operation, List<String> inputs) {}

  /** What reads the fields of a message. */
  @FunctionalInterface
  private interface Field {

    /** Reads the field that follows a tag, or says that it is to be skipped. */
    boolean read(int number, int wireType) throws IOException;
  }

  private OnnxInitializers(String where) {
    this.where = where;
  }

  /**
   * Reads a whole file, in memory O(what it really holds).
   *
   * @param where the file's name, for messages
   * @throws FailureException if it is not an ONNX file
   */
  static OnnxInitializers read(InputStream file, String where) {
    var onnx = new OnnxInitializers(where);
    try {
      CodedInputStream in = CodedInputStream.newInstance(file, 1 << 16);
      fields(in, (number, wire) -> number == 7 && wire == BYTES && onnx.graph(in));
    } catch (IOException e) {
      throw new FailureException("expected an ONNX model in " + where + ", got something else: " + e.getMessage(), e);
    }
    return onnx;
  }

  /** The initializer of that name, as stored. */
  Initializer named(String name) {
    Initializer found = byName.get(name);
    if (found == null) {
      throw new FailureException("expected a float32 weight named " + name + " in " + where + ", found none");
    }
    return found;
  }

  /** Whether an initializer of that name exists. */
  boolean has(String name) {
    return byName.containsKey(name);
  }

  /** The matrix [in, out] that the {@code MatMul} node of that name multiplies by. */
  Initializer multipliedBy(String nodeName) {
    for (Node node : nodes) {
      if (node.name.equals(nodeName) && node.operation.equals("MatMul")) {
        for (String input : node.inputs) {
          Initializer found = byName.get(input);
          if (found != null && found.shape.length == 2) {
            return found;
          }
        }
      }
    }
    throw new FailureException(
        "expected a MatMul node " + nodeName + " with a constant float32 matrix in " + where + ", found none");
  }

  private boolean graph(CodedInputStream in) throws IOException {
    return message(in, (number, wire) -> switch (number) {
      case 1 -> wire == BYTES && node(in);
      case 5 -> wire == BYTES && tensor(in);
      default -> false;
    });
  }

  private boolean node(CodedInputStream in) throws IOException {
    var inputs = new ArrayList<String>();
    String[] names = {"", ""};
    message(in, (number, wire) -> {
      if (wire != BYTES || (number != 1 && number != 3 && number != 4)) {
        return false;
      }
      String text = in.readStringRequireUtf8();
      if (number == 1) {
        inputs.add(text);
      } else {
        names[number - 3] = text;
      }
      return true;
    });
    nodes.add(new Node(names[0], names[1], inputs));
    return true;
  }

  private boolean tensor(CodedInputStream in) throws IOException {
    var read = new Object() {
      String name = "";
      int type;
      final List<Long> shape = new ArrayList<>();
      ByteString data = ByteString.EMPTY;
    };
    message(in, (number, wire) -> {
      if (number == 1 && wire == VARINT) {
        read.shape.add(in.readInt64());
      } else if (number == 1 && wire == BYTES) {
        int outer = in.pushLimit(in.readRawVarint32());
        while (in.getBytesUntilLimit() > 0) {
          read.shape.add(in.readInt64());
        }
        in.popLimit(outer);
      } else if (number == 2 && wire == VARINT) {
        read.type = in.readInt32();
      } else if (number == 8 && wire == BYTES) {
        read.name = in.readStringRequireUtf8();
      } else if (number == 9 && wire == BYTES) {
        read.data = in.readBytes();
      } else {
        return false;
      }
      return true;
    });
    if (read.type == FLOAT) {
      long[] shape = read.shape.stream().mapToLong(Long::longValue).toArray();
      if (byName.put(read.name, new Initializer(read.name, shape, read.data, where)) != null) {
        throw new InvalidProtocolBufferException("two weights are named " + read.name);
      }
    }
    return true;
  }

  /** Reads a message that stands behind its length. Always true: it was read. */
  private static boolean message(CodedInputStream in, Field field) throws IOException {
    int outer = in.pushLimit(in.readRawVarint32());
    fields(in, field);
    if (in.getBytesUntilLimit() > 0) {
      throw new InvalidProtocolBufferException("the file ends inside a message");
    }
    in.popLimit(outer);
    return true;
  }

  private static void fields(CodedInputStream in, Field field) throws IOException {
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if (!field.read(WireFormat.getTagFieldNumber(tag), WireFormat.getTagWireType(tag)) && !in.skipField(tag)) {
        throw new InvalidProtocolBufferException("a group ends that never began");
      }
    }
  }
}
