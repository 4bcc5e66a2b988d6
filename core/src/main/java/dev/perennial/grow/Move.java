package dev.perennial.grow;

/**
 * One thing that is done about an experience.
 *
 * @param decision what
 * @param brick the number of the brick that it is done to, from 0; of a new one, the number that it will have; -1 where
 *     the backbone serves alone
 * @param other the number of the brick that is merged into it, and is no more; -1 where none is. Larger than
 *     {@code brick}, and the numbers above it fall by one
 * @param place what the brick has from then on
 * @param value of the evidence
 * @param held bricks from then on
 * @param why in words, with the numbers
 */
public record Move(Decision decision, int brick, int other, Place place, double value, int held, String why) {}
