package dev.perennial.restart;

/**
 * What a supervisor tells the learner that it starts.
 *
 * @param snapshotSeconds of work between snapshots; 0 where nothing is known yet
 * @param stepSeconds that a step takes on average; 0 where nothing is known yet
 * @param suspectExperience whose step {@code suspectStep} it is to name the rows of; -1 for none
 * @param suspectStep the step
 * @param acceptFall whether it goes on where accuracy has fallen
 */
public record Orders(
    double snapshotSeconds, double stepSeconds, int suspectExperience, long suspectStep, boolean acceptFall) {}
