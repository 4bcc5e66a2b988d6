package dev.perennial.server.http;

import dev.perennial.server.Answer;
import dev.perennial.server.Predicting;
import dev.perennial.server.Refused;
import dev.perennial.server.ServerListener;
import dev.perennial.server.journal.PredictionMemory;
import dev.perennial.server.safety.RateLimit;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/** Predictions: one, many, or a stream of them. */
final class PredictCalls {

  /** Lines of a stream that are answered together, unless another number is asked for. */
  private static final int GROUP = 32;

  private final Predicting predicting;
  private final PredictionMemory memory;
  private final RateLimit rate;
  private final Watch watch;
  private final ServerListener listener;

  PredictCalls(
      Predicting predicting, PredictionMemory memory, RateLimit rate, Watch watch, ServerListener listener) {
    this.listener = listener;
    this.predicting = predicting;
    this.memory = memory;
    this.rate = rate;
    this.watch = watch;
  }

  void predict(Call call) throws IOException {
    if (call.is(Call.LINES)) {
      stream(call);
      return;
    }
    Messages.Predict message = call.body(Messages.Predict.class);
    List<String> texts = texts(message, call);
    rate.take(call.principal().name(), texts.size());
    String model = call.model();
    List<Answer> answers = predicting.predict(model, texts, Checks.top(message.top()));
    call.answer(200, new Messages.Predictions(model, told(model, answers)));
  }

  private static List<String> texts(Messages.Predict message, Call call) {
    if ((message.text() == null) == (message.texts() == null)) {
      throw new Refused(Refused.Reason.MALFORMED, "expected either a field text or a field texts, got "
          + (message.text() == null ? "none" : "both") + ": send one of them");
    }
    if (message.texts() == null) {
      return List.of(Checks.text(message.text(), call.limits()));
    }
    Checks.batch(message.texts().size(), call.limits());
    return message.texts().stream().map(text -> Checks.text(text, call.limits())).toList();
  }

  private List<Messages.Prediction> told(String model, List<Answer> answers) {
    List<String> ids = memory.add(model, answers.stream().map(Answer::text).toList());
    listener.answered(model, ids, answers);
    var told = new ArrayList<Messages.Prediction>(answers.size());
    for (int i = 0; i < answers.size(); i++) {
      Answer answer = answers.get(i);
      List<Messages.Candidate> candidates = answer.candidates().stream()
          .map(candidate -> new Messages.Candidate(candidate.label(), candidate.score())).toList();
      told.add(new Messages.Prediction(ids.get(i), candidates.getFirst().label(), candidates.getFirst().score(), candidates,
          answer.snapshot(), answer.through(), answer.recalled() ? true : null));
    }
    return told;
  }

  /** Lines in, lines out, in order; a line that is wrong is answered with what is wrong, and the next ones go on. */
  private void stream(Call call) throws IOException {
    int group = group(call);
    String model = call.model();
    try (Watch.Open open = watch.open()) {
      var lines = new Lines(call.stream(), call.limits().bodyBytes());
      // What is wrong with the first lines can still be told by the status.
      List<Lines.Line> next = lines.next(group);
      List<Messages.StreamedPrediction> answers = answers(model, next, call);
      OutputStream out = call.answerStream(Call.LINES);
      while (!answers.isEmpty()) {
        for (Messages.StreamedPrediction answer : answers) {
          byte[] line = call.json().write(answer);
          watch.timed(() -> {
            out.write(line);
            out.write('\n');
          });
        }
        watch.timed(out::flush);
        answers = answers(model, lines.next(group), call);
      }
      watch.timed(out::close);
    }
  }

  private static int group(Call call) {
    String asked = call.query("group").orElse("" + GROUP);
    if (!asked.matches("[1-9][0-9]{0,2}") || Integer.parseInt(asked) > 256) {
      throw new Refused(Refused.Reason.UNPROCESSABLE, "expected group between 1 and 256, got " + Json.shortened(asked));
    }
    return Integer.parseInt(asked);
  }

  private List<Messages.StreamedPrediction> answers(String model, List<Lines.Line> lines, Call call) {
    rate.take(call.principal().name(), lines.size());
    var answers = new Messages.StreamedPrediction[lines.size()];
    var byTop = new LinkedHashMap<Integer, List<Integer>>();
    var texts = new String[lines.size()];
    for (int i = 0; i < answers.length; i++) {
      Lines.Line line = lines.get(i);
      try {
        var message = call.json().read(line.bytes(), Messages.PredictLine.class, "line " + line.number());
        texts[i] = Checks.text(message.text(), call.limits());
        byTop.computeIfAbsent(Checks.top(message.top()), top -> new ArrayList<>()).add(i);
      } catch (Refused e) {
        answers[i] = new Messages.StreamedPrediction(line.number(), null, Problem.of(e));
      }
    }
    byTop.forEach((top, places) -> {
      List<Messages.Prediction> told = told(
          model, predicting.predict(model, places.stream().map(place -> texts[place]).toList(), top));
      for (int i = 0; i < places.size(); i++) {
        int place = places.get(i);
        answers[place] = new Messages.StreamedPrediction(lines.get(place).number(), told.get(i), null);
      }
    });
    return List.of(answers);
  }
}
