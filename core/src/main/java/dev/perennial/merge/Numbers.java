package dev.perennial.merge;

import java.util.Map;

/**
 * The numbers of a recipe at one site.
 *
 * @param ofModels what each model has, in the order of the models, by setting
 * @param ofAll what all share, by setting
 */
record Numbers(Map<String, double[]> ofModels, Map<String, Double> ofAll) {

  double[] each(Setting setting) {
    double[] numbers = ofModels.get(setting.name());
    if (numbers == null) {
      throw new IllegalArgumentException("no setting " + setting.name() + " of models");
    }
    return numbers;
  }

  double one(String setting) {
    Double number = ofAll.get(setting);
    if (number == null) {
      throw new IllegalArgumentException("no setting " + setting);
    }
    return number;
  }
}
