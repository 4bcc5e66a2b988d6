package dev.perennial.protect;

/*
 * GF(2^8) as polynomials over GF(2) modulo x^8 + x^4 + x^3 + x^2 + 1: addition is exclusive or; 2 generates all elements
 * but 0, so that a * b = 2^(log a + log b).
 */
/** Arithmetic on bytes as the elements of the field of 256. */
final class GaloisField {

  private static final int POLYNOMIAL = 0x11d;
  private static final int ORDER = 255;
  private static final int[] EXP = new int[2 * ORDER];
  private static final int[] LOG = new int[ORDER + 1];

  static {
    int power = 1;
    for (int i = 0; i < ORDER; i++) {
      EXP[i] = power;
      EXP[i + ORDER] = power;
      LOG[power] = i;
      power <<= 1;
      if (power > ORDER) {
        power ^= POLYNOMIAL;
      }
    }
  }

  private GaloisField() {}

  static int multiply(int a, int b) {
    return a == 0 || b == 0 ? 0 : EXP[LOG[a] + LOG[b]];
  }

  /** The inverse of an element that is not 0. */
  static int inverse(int a) {
    if (a == 0) {
      throw new ArithmeticException("0 has no inverse");
    }
    return EXP[ORDER - LOG[a]];
  }

  /** The products of one element with every byte. */
  static byte[] row(int factor) {
    byte[] row = new byte[ORDER + 1];
    for (int value = 0; value <= ORDER; value++) {
      row[value] = (byte) multiply(factor, value);
    }
    return row;
  }

  /**
   * The inverse of a square matrix, by elimination.
   *
   * @throws ArithmeticException if it has none
   */
  static int[][] inverse(int[][] matrix) {
    int n = matrix.length;
    int[][] left = new int[n][];
    int[][] right = new int[n][n];
    for (int i = 0; i < n; i++) {
      left[i] = matrix[i].clone();
      right[i][i] = 1;
    }
    for (int column = 0; column < n; column++) {
      int pivot = column;
      while (pivot < n && left[pivot][column] == 0) {
        pivot++;
      }
      if (pivot == n) {
        throw new ArithmeticException("the matrix has no inverse");
      }
      swap(left, pivot, column);
      swap(right, pivot, column);
      int scale = inverse(left[column][column]);
      scale(left[column], scale);
      scale(right[column], scale);
      for (int row = 0; row < n; row++) {
        int factor = left[row][column];
        if (row != column && factor != 0) {
          subtract(left[row], left[column], factor);
          subtract(right[row], right[column], factor);
        }
      }
    }
    return right;
  }

  private static void swap(int[][] rows, int a, int b) {
    int[] row = rows[a];
    rows[a] = rows[b];
    rows[b] = row;
  }

  private static void scale(int[] row, int factor) {
    for (int i = 0; i < row.length; i++) {
      row[i] = multiply(row[i], factor);
    }
  }

  private static void subtract(int[] row, int[] other, int factor) {
    for (int i = 0; i < row.length; i++) {
      row[i] ^= multiply(other[i], factor);
    }
  }
}
