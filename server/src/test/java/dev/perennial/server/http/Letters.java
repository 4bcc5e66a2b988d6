package dev.perennial.server.http;

import dev.perennial.server.Intake.Row;
import dev.perennial.tensor.CounterRandom;
import java.util.List;

/** What customers of a shop might write: a class of every letter, and words that vary. */
final class Letters {

  private static final List<String> THINGS =
      List.of("parcel", "order", "coat", "lamp", "pair of boots", "teapot", "bicycle bell", "rucksack");
  private static final List<String> WHEN = List.of("yesterday", "last week", "on Monday", "three days ago", "in May", "today");

  private record Kind(String label, List<String> sentences) {}

  private static final List<Kind> KINDS = List.of(
      new Kind("delivery", List.of("where is my %s", "the %s that I bought %s has not arrived", "when will the %s be here",
          "the courier lost my %s", "is my %s on its way")),
      new Kind("refund", List.of("I want my money back for the %s", "please refund the %s from %s", "when do I get my money for the %s",
          "you still owe me for the %s", "refund me")),
      new Kind("return", List.of("how do I send the %s back", "the %s does not fit, may I return it", "I need a label to return my %s",
          "may I exchange the %s from %s", "where do I bring the %s back")),
      new Kind("broken", List.of("the %s came damaged", "my %s broke %s", "a part of the %s is missing", "the %s does not work any more",
          "there is a crack in the %s")),
      new Kind("invoice", List.of("please send me the invoice for the %s", "there is a wrong name on the bill %s", "I need a receipt for the %s",
          "the invoice %s has no tax number", "why does the bill say two")),
      new Kind("account", List.of("I forgot my password", "please change my e-mail address", "I cannot log in since %s", "delete my account",
          "my account was locked %s")),
      new Kind("opening hours", List.of("are you open %s", "when does the shop close", "do you open on Sundays", "what are your hours in May",
          "is the shop open at noon")),
      new Kind("gift card", List.of("does my gift card pay for the %s", "how much is left on my gift card", "I lost the gift card from %s",
          "the code of the voucher is not accepted", "may I buy a gift voucher for the %s")));

  private Letters() {}

  /** How many classes there are. */
  static int classes() {
    return KINDS.size();
  }

  /** A letter of one of the first so many classes. */
  static Row letter(int number, int known) {
    var random = CounterRandom.of(17, number);
    Kind kind = KINDS.get(random.below(0, known));
    String sentence = kind.sentences.get(random.below(1, kind.sentences.size()));
    String thing = sentence.contains("%s") ? THINGS.get(random.below(2, THINGS.size())) : "";
    String text = sentence.replaceFirst("(bought|from|broke|bill|since|locked|open|invoice) %s",
        "$1 " + WHEN.get(random.below(3, WHEN.size()))).replaceFirst("%s", thing).replaceFirst("%s", "today");
    return new Row(text, kind.label);
  }
}
