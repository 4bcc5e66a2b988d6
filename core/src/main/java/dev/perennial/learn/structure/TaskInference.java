package dev.perennial.learn.structure;

/** How it is told which task's network an input is for, where none says so. */
public enum TaskInference {
  /** By the network whose prediction over its own classes has the least entropy, as in arXiv 1906.00695. */
  ENTROPY,
  /** By the network that gives the largest logit. */
  LOGIT
}
