package dev.perennial.budget;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import java.io.IOException;

/** Writes an amount without a fraction where it has none: {@code 294912}, not {@code 294912.0}. */
final class WholeNumbers extends StdSerializer<Double> {

  WholeNumbers() {
    super(Double.class);
  }

  /** The amount as a {@code Long} where that says the same, else as it is. */
  static Number simplest(double amount) {
    long whole = (long) amount;
    return whole == amount ? (Number) whole : (Number) amount;
  }

  @Override
  public void serialize(Double amount, JsonGenerator json, SerializerProvider provider) throws IOException {
    json.writePOJO(simplest(amount));
  }
}
