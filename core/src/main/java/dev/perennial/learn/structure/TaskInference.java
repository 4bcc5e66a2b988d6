package dev.perennial.learn.structure;

/**
 * How it is told which task's network an input is for, where none says so, as in class-incremental streams. Each task's
 * network looks at the input, and the least doubtful one decides. Where the task is known, as in task-incremental
 * figures, scores of other tasks' classes are left out, and this has no effect.
 */
public enum TaskInference {
  /**
   * The doubt is {@code log(1 + d)}, d the distance of the network's features to those of its own rows, each feature
   * scaled by how far it strays there (arXiv 1807.03888). Keeps means and scales, {@code 4 (classes + 1) width} bytes
   * for each task.
   */
  DISTANCE,
  /** The doubt is the entropy of the network's prediction over its own classes (arXiv 1906.00695). Keeps nothing. */
  ENTROPY,
  /** The doubt is less the larger the network's largest logit. Keeps nothing. */
  LOGIT
}
