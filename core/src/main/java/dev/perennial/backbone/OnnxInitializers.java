package dev.perennial.backbone;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import dev.perennial.FailureException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The weights of an ONNX file, without its graph.
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

  private final Map<String, Initializer> byName = new HashMap<>();
  private final List<Node> nodes = new ArrayList<>();
  private final String where;

  /** A float32 tensor, row-major, little-endian. */
  record Initializer(long[] shape, ByteString data) {}

  private record Node(String name, String operation, List<String> inputs) {}

  private OnnxInitializers(String where) {
    this.where = where;
  }

  /**
   * Reads a whole file.
   *
   * @param where the file's name, for messages
   * @throws FailureException if it is not an ONNX file
   */
  static OnnxInitializers read(InputStream file, String where) {
    var onnx = new OnnxInitializers(where);
    try {
      CodedInputStream in = CodedInputStream.newInstance(file, 1 << 16);
      in.setSizeLimit(Integer.MAX_VALUE);
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (WireFormat.getTagFieldNumber(tag) == 7) {
          onnx.readGraph(in);
        } else {
          in.skipField(tag);
        }
      }
    } catch (IOException e) {
      throw new FailureException("expected an ONNX model in " + where + ", got something else: " + e.getMessage(), e);
    }
    return onnx;
  }

  /** The initializer of that name, as stored. */
  Initializer named(String name) {
    Initializer found = byName.get(name);
    if (found == null) {
      throw new FailureException("expected a weight named " + name + " in " + where + ", found none");
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
          if (byName.containsKey(input)) {
            return named(input);
          }
        }
      }
    }
    throw new FailureException("expected a MatMul node " + nodeName + " with a constant matrix in " + where);
  }

  private void readGraph(CodedInputStream in) throws IOException {
    int outer = in.pushLimit(in.readRawVarint32());
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      switch (WireFormat.getTagFieldNumber(tag)) {
        case 1 -> readNode(in);
        case 5 -> readTensor(in);
        default -> in.skipField(tag);
      }
    }
    in.popLimit(outer);
  }

  private void readNode(CodedInputStream in) throws IOException {
    int outer = in.pushLimit(in.readRawVarint32());
    String name = "";
    String operation = "";
    var inputs = new ArrayList<String>();
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      switch (WireFormat.getTagFieldNumber(tag)) {
        case 1 -> inputs.add(in.readStringRequireUtf8());
        case 3 -> name = in.readStringRequireUtf8();
        case 4 -> operation = in.readStringRequireUtf8();
        default -> in.skipField(tag);
      }
    }
    nodes.add(new Node(name, operation, inputs));
    in.popLimit(outer);
  }

  private void readTensor(CodedInputStream in) throws IOException {
    int outer = in.pushLimit(in.readRawVarint32());
    String name = "";
    int type = 0;
    var shape = new ArrayList<Long>();
    ByteString data = ByteString.EMPTY;
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      switch (WireFormat.getTagFieldNumber(tag)) {
        case 1 -> {
          if (WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_LENGTH_DELIMITED) {
            int packed = in.pushLimit(in.readRawVarint32());
            while (in.getBytesUntilLimit() > 0) {
              shape.add(in.readInt64());
            }
            in.popLimit(packed);
          } else {
            shape.add(in.readInt64());
          }
        }
        case 2 -> type = in.readInt32();
        case 8 -> name = in.readStringRequireUtf8();
        case 9 -> data = in.readBytes();
        default -> in.skipField(tag);
      }
    }
    in.popLimit(outer);
    if (type == FLOAT) {
      byName.put(name, new Initializer(shape.stream().mapToLong(Long::longValue).toArray(), data));
    }
  }
}
