package dev.perennial.restart;

/**
 * A row that is left out because learners died of its batch.
 *
 * @param experience of the stream, from 0
 * @param row its place among the experience's rows to learn, from 0
 * @param label the name of its class
 * @param input its text, or what else it is, in short
 * @param step of the experience in which they died, from 0
 * @param why it is left out
 */
public record QuarantinedRow(int experience, int row, String label, String input, long step, String why) {

  QuarantinedRow because(String reason) {
    return new QuarantinedRow(experience, row, label, input, step, reason);
  }
}
