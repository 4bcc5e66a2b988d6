package dev.perennial.brick;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.VirtualTokens;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A short prompt and two thin matrices in the place of a long prompt, seen in several spaces.
 *
 * <p>Source: Efficient Prompt Tuning by Multi-Space Projection and Prompt Fusion (arXiv 2405.11464). With P
 * {@code [tokens, hidden]} the short prompt, and A {@code [places, rank]}, B {@code [rank, hidden]}:
 *
 * <pre>
 *   E' = E + A B                                      the texts' embeddings, by place
 *   F  = P + softmax(P (A B)' / √hidden) A B          fusion: the short prompt is enriched from the matrices
 *   F_k = F + F D_k U_k                               spaces: D_k [hidden, rank], U_k [rank, hidden]
 *   g  = softmax(mean(F) G)                           gate: G [hidden, spaces]
 *   prompt = sum over k of g_k F_k
 * </pre>
 *
 * <p>B and all U_k begin as zeros, the rest is drawn normally with deviation 0.02, so that it begins as the short prompt
 * alone. That a space is a low-rank change, and that the fusion has no weights of its own, are choices made here. Alpha,
 * dropout and sites are not used.
 */
public final class DecomposedPrompt implements BrickKind<DecomposedPrompt.Settings> {

  private static final String PROMPT = "prompt_embeddings";
  private static final String PLACES = "decomposed.places";
  private static final String SHIFTS = "decomposed.shifts";
  private static final String DOWN = "spaces.down";
  private static final String UP = "spaces.up";
  private static final String GATE = "spaces.gate";

  /**
   * What a decomposed prompt is asked beside the rank.
   *
   * @param tokens virtual words of the short prompt, 1 to 1024; default 10
   * @param places tokens of a text whose embeddings are shifted, 1 to 1024; default 64
   * @param spaces 1 to 64; default 4
   */
  public record Settings(int tokens, int places, int spaces) {

    /** Checks the ranges. */
    public Settings {
      TokenBrick.checkTokens("tokens", tokens);
      TokenBrick.checkTokens("places", places);
      if (spaces < 1 || spaces > 64) {
        throw new UsageException("expected spaces between 1 and 64, got " + spaces);
      }
    }
  }

  @Override
  public String name() {
    return "ept";
  }

  @Override
  public Settings defaults() {
    return new Settings(10, 64, 4);
  }

  @Override
  public Brick brick(LoraOptions shape, Settings settings, Backbone backbone) {
    return new Words(name(), shape.rank(), settings, backbone);
  }

  private static final class Words extends TokenBrick {

    private final long rank;
    private final Settings settings;

    private Words(String kind, int rank, Settings settings, Backbone backbone) {
      super(kind, backbone);
      this.rank = rank;
      this.settings = settings;
    }

    @Override
    public SequencedMap<String, List<Long>> shapes() {
      long hidden = width();
      long spaces = settings.spaces();
      var shapes = new LinkedHashMap<String, List<Long>>();
      shapes.put(PROMPT, List.of((long) settings.tokens(), hidden));
      shapes.put(PLACES, List.of((long) settings.places(), rank));
      shapes.put(SHIFTS, List.of(rank, hidden));
      shapes.put(DOWN, List.of(spaces, hidden, rank));
      shapes.put(UP, List.of(spaces, rank, hidden));
      shapes.put(GATE, List.of(hidden, spaces));
      return shapes;
    }

    @Override
    public void initialise(Parameters parameters, CounterRandom random) {
      var draws = new Draws(random);
      shapes().forEach((name, shape) -> {
        long count = shape.stream().reduce(1L, Math::multiplyExact);
        boolean zero = name.equals(SHIFTS) || name.equals(UP);
        parameters.add(name, zero ? new float[Math.toIntExact(count)] : draws.normal(count, DEVIATION),
            shape.stream().mapToLong(Long::longValue).toArray());
      });
    }

    @Override
    VirtualTokens tokens(Map<String, Tensor> tensors) {
      Tensor prompt = SiteBrick.named(tensors, PROMPT);
      Tensor shift = torch.mm(SiteBrick.named(tensors, PLACES), SiteBrick.named(tensors, SHIFTS));
      Tensor attention = torch.softmax(torch.mm(prompt, shift.t()).mul(new Scalar(1 / Math.sqrt(width()))), 1);
      Tensor fused = prompt.add(torch.mm(attention, shift));
      Tensor low = torch.matmul(fused, SiteBrick.named(tensors, DOWN));
      Tensor projected = torch.matmul(low, SiteBrick.named(tensors, UP)).add(fused);
      Tensor gate = torch.softmax(torch.matmul(fused.mean(new long[] {0}), SiteBrick.named(tensors, GATE)), 0);
      Tensor combined = torch.sum(projected.mul(gate.view(-1, 1, 1)), 0);
      return new VirtualTokens(combined, Map.of(), shift);
    }
  }
}
