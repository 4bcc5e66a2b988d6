package dev.perennial.protect;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What there is to know of a fragment of a snapshot.
 *
 * @param owner whose snapshot it is
 * @param number of the snapshot: 1, 2, 3 and so on
 * @param index of the fragment among those of the snapshot
 * @param data fragments that are enough
 * @param parity fragments that may be lost
 * @param total bytes of the snapshot
 * @param digests SHA-256 of every fragment, by index
 */
record FragmentInfo(String owner, long number, int index, int data, int parity, long total, List<byte[]> digests) {

  private static final int MOST_OWNER = 200;

  FragmentInfo {
    digests = List.copyOf(digests);
  }

  FragmentInfo withIndex(int other) {
    return new FragmentInfo(owner, number, other, data, parity, total, digests);
  }

  long bytes() {
    return new ErasureCode(data, parity).fragmentBytes(total);
  }

  /** Whether both are fragments of the same snapshot. */
  boolean isOf(FragmentInfo other) {
    boolean same = owner.equals(other.owner) && number == other.number && data == other.data && parity == other.parity
        && total == other.total && digests.size() == other.digests.size();
    for (int i = 0; same && i < digests.size(); i++) {
      same = Arrays.equals(digests.get(i), other.digests.get(i));
    }
    return same;
  }

  void write(DataOutputStream out) throws IOException {
    out.writeUTF(owner);
    out.writeLong(number);
    out.writeShort(index);
    out.writeShort(data);
    out.writeShort(parity);
    out.writeLong(total);
    for (byte[] digest : digests) {
      out.write(digest);
    }
  }

  /**
   * Reads one back.
   *
   * @throws IOException if a number is out of range
   */
  static FragmentInfo read(DataInputStream in) throws IOException {
    String owner = in.readUTF();
    long number = in.readLong();
    int index = in.readUnsignedShort();
    int data = in.readUnsignedShort();
    int parity = in.readUnsignedShort();
    long total = in.readLong();
    if (owner.isEmpty() || owner.length() > MOST_OWNER || number < 1 || data < 1 || data + parity > ErasureCode.MOST
        || index >= data + parity || total < 0 || total > Long.MAX_VALUE / 2) {
      throw new IOException("a fragment's numbers are out of range");
    }
    var digests = new ArrayList<byte[]>();
    for (int i = 0; i < data + parity; i++) {
      digests.add(in.readNBytes(Digests.BYTES));
      if (digests.getLast().length != Digests.BYTES) {
        throw new IOException("a fragment's digests are cut short");
      }
    }
    return new FragmentInfo(owner, number, index, data, parity, total, digests);
  }
}
