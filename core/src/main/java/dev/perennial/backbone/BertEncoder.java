package dev.perennial.backbone;

import dev.perennial.tensor.Device;
import dev.perennial.tensor.Sgemm;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * A frozen BERT encoder: from token ids to the features of every token.
 *
 * <p>Source: BERT (arXiv 1810.04805), post-norm blocks: {@code h = LN(h + W_o attention(W_q h, W_k h, W_v h))}, then
 * {@code h = LN(h + W_2 gelu(W_1 h))}. Query, key and value are one product of {@code [3 hidden, hidden]}. Each block
 * has six sites, and nothing is computed for a site that no brick acts on but the frozen map itself.
 */
final class BertEncoder implements AutoCloseable {

  private static final int SITES_A_BLOCK = 6;
  private static final int FEW_TOKENS = 48;

  private final Device device;
  private final BertConfig config;
  private final TensorOwner owner = new TensorOwner();
  private final List<Site> sites = new ArrayList<>();
  private final Tensor words;
  private final Tensor positions;
  private final Linear embeddingNorm;
  private final List<Block> blocks = new ArrayList<>();
  private final boolean oneDnn;
  private final List<TensorOptional> optionals = new ArrayList<>();

  /**
   * A weight and a bias, of a Linear or of a LayerNorm, or those of query, key and value one below the other.
   *
   * @param names of the modules, in Hugging Face's layout
   * @param transposed the weight as {@link Sgemm} reads it in one go, {@code [in, out]}; null where it does not compute
   */
  private record Linear(List<String> names, Tensor weight, TensorOptional bias, TensorOptional weightAsOptional,
      @Nullable Tensor transposed) {}

  private record Block(Linear qkv, Linear attentionOutput, Linear attentionNorm, Linear up, Linear down, Linear norm) {}

  BertEncoder(BertWeights weights, Device device) {
    this.device = device;
    oneDnn = device.isCpu() && torch.hasMKLDNN();
    config = weights.config();
    words = owner.keep(device.place(weights.named(BertWeights.WORDS)));
    // Every token is of type 0, so that its type's vector is part of its position's.
    positions = owner.keep(device.place(
        weights.named(BertWeights.POSITIONS).add(weights.named(BertWeights.TYPES).select(0, 0))));
    embeddingNorm = module(weights, "embeddings.LayerNorm");
    for (int layer = 0; layer < config.layers(); layer++) {
      String block = BertWeights.block(layer);
      Tensor[] qkvWeights = new Tensor[3];
      Tensor[] qkvBiases = new Tensor[3];
      for (int i = 0; i < 3; i++) {
        qkvWeights[i] = weights.named(block + BertWeights.LINEAR.get(i) + ".weight");
        qkvBiases[i] = weights.named(block + BertWeights.LINEAR.get(i) + ".bias");
      }
      blocks.add(new Block(
          linear(BertWeights.LINEAR.subList(0, 3).stream().map(name -> block + name).toList(),
              Tensors.concat(0, qkvWeights), Tensors.concat(0, qkvBiases)),
          module(weights, block + "attention.output.dense"),
          module(weights, block + "attention.output.LayerNorm"),
          module(weights, block + "intermediate.dense"),
          module(weights, block + "output.dense"),
          module(weights, block + "output.LayerNorm")));
      for (String name : BertWeights.LINEAR) {
        sites.add(new Site(sites.size(), block + name, layer, config.inOf(name), config.outOf(name)));
      }
    }
  }

  private Linear module(BertWeights weights, String name) {
    return linear(List.of(name), weights.named(name + ".weight"), weights.named(name + ".bias"));
  }

  private Linear linear(List<String> names, Tensor weight, Tensor bias) {
    Tensor kept = owner.keep(device.place(weight));
    Tensor transposed = device.isCpu() && weight.dim() == 2 ? owner.keep(weight.t().contiguous()) : null;
    return new Linear(names, kept, optional(owner.keep(device.place(bias))), optional(kept), transposed);
  }

  private TensorOptional optional(Tensor tensor) {
    var optional = new TensorOptional(tensor);
    optional.retainReference();
    optionals.add(optional);
    return optional;
  }

  List<Site> sites() {
    return Collections.unmodifiableList(sites);
  }

  BertConfig config() {
    return config;
  }

  /** The frozen map at a site, as views. */
  FrozenMap frozen(Site site) {
    Block block = blocks.get(site.block());
    int place = site.index() % SITES_A_BLOCK;
    Linear linear = switch (place) {
      case 0, 1, 2 -> block.qkv;
      case 3 -> block.attentionOutput;
      case 4 -> block.up;
      default -> block.down;
    };
    int from = place < 3 ? place * site.out() : 0;
    return new FrozenMap(linear.weight.narrow(0, from, site.out()), linear.bias.get().narrow(0, from, site.out()));
  }

  /**
   * The input of the first block, {@code [rows, prompt + length, hidden]}: virtual tokens have the first positions, and
   * those of a prefix are none of these. Of packed rows it is {@code [1, tokens, hidden]}.
   */
  Tensor embed(TokenBatch batch, Adaptation adaptation) {
    VirtualTokens virtual = adaptation.tokens();
    Tensor embedded = torch.embedding(adaptation.weight(BertWeights.WORDS, words), device.place(batch.ids()));
    TokenBatch.@Nullable Packing packing = batch.packing();
    if (packing != null) {
      return norm(embedded.add(torch.embedding(positions, device.place(packing.positions()))), embeddingNorm, adaptation);
    }
    @Nullable Tensor shift = virtual.shift(batch.length());
    if (shift != null) {
      embedded = embedded.add(device.place(shift));
    }
    @Nullable Tensor prompt = virtual.prompt();
    if (prompt != null) {
      embedded = Tensors.concat(1, VirtualTokens.forRows(device.place(prompt), batch.rows()), embedded);
    }
    return norm(embedded.add(positions.narrow(0, virtual.prefixLength(), embedded.size(1))), embeddingNorm, adaptation);
  }

  /** The input of block {@code to}, from the input of block {@code from}: {@code [rows, length, hidden]}. */
  Tensor advance(Tensor hidden, TokenBatch batch, int from, int to, Adaptation adaptation) {
    Tensor state = hidden;
    for (int block = from; block < to; block++) {
      if (GradMode.is_enabled()) {
        state = block(state, batch, block, adaptation);
      } else {
        try (TensorScope scope = TensorScope.inference()) {
          state = scope.leave(block(state, batch, block, adaptation));
        }
      }
    }
    return state;
  }

  private Tensor block(Tensor input, TokenBatch batch, int index, Adaptation adaptation) {
    Block block = blocks.get(index);
    int site = index * SITES_A_BLOCK;
    TokenBatch.@Nullable Packing packing = batch.packing();
    long rows = batch.rows();
    long length = packing == null ? input.size(1) : packing.length();
    int hidden = config.hidden();
    Tensor flat = input.view(-1, hidden);

    Tensor qkv = linear(flat, block.qkv, adaptation);
    Tensor query = heads(padded(adapted(adaptation, site, flat, qkv.narrow(1, 0, hidden)), packing), rows, length);
    Tensor key = heads(padded(adapted(adaptation, site + 1, flat, qkv.narrow(1, hidden, hidden)), packing), rows, length);
    Tensor value = heads(padded(adapted(adaptation, site + 2, flat, qkv.narrow(1, 2L * hidden, hidden)), packing), rows, length);
    VirtualTokens.@Nullable Prefix prefix = adaptation.tokens().prefixes().get(index);
    if (prefix != null) {
      key = Tensors.concat(2, prefixHeads(prefix.key(), rows), key);
      value = Tensors.concat(2, prefixHeads(prefix.value(), rows), value);
    }
    @Nullable Tensor mask = mask(batch, key.size(2));
    Tensor context = torch.scaled_dot_product_attention(query, key, value,
        mask == null ? new TensorOptional() : new TensorOptional(mask), 0.0, false, new DoubleOptional(), false);
    context = context.transpose(1, 2).reshape(-1, hidden);
    if (packing != null) {
      context = context.index_select(0, device.place(packing.places()));
    }
    Tensor attended = adapted(adaptation, site + 3, context, linear(context, block.attentionOutput, adaptation));
    Tensor middle = norm(attended.add(flat), block.attentionNorm, adaptation);

    Tensor up = adapted(adaptation, site + 4, middle, linear(middle, block.up, adaptation));
    Tensor activated = GradMode.is_enabled() ? torch.gelu(up) : torch.gelu_(up);
    Tensor down = adapted(adaptation, site + 5, activated, linear(activated, block.down, adaptation));
    return norm(down.add(middle), block.norm, adaptation).view(input.size(0), input.size(1), hidden);
  }

  /** Tokens as the attention takes them: packed ones go to their places in rows of one length. */
  private Tensor padded(Tensor tokens, TokenBatch.@Nullable Packing packing) {
    return packing == null ? tokens : tokens.index_select(0, device.place(packing.padded()));
  }

  /** What hides padding from so many keys, of which those before the tokens of the rows are virtual; null for nothing. */
  private @Nullable Tensor mask(TokenBatch batch, long keys) {
    @Nullable Tensor padding = batch.mask();
    if (padding == null) {
      return null;
    }
    long virtual = keys - batch.length();
    return device.place(
        virtual == 0 ? padding : torch.constant_pad_nd(padding, new long[] {virtual, 0}));
  }

  private Tensor prefixHeads(Tensor prefix, long rows) {
    return heads(VirtualTokens.forRows(device.place(prefix), rows).contiguous(), rows, prefix.size(-2));
  }

  private Tensor heads(Tensor projected, long rows, long length) {
    return projected.view(rows, length, config.heads(), config.hidden() / config.heads()).transpose(1, 2);
  }

  private Tensor norm(Tensor input, Linear norm, Adaptation adaptation) {
    boolean own = adaptation.weights().isEmpty();
    return torch.layer_norm(input, new long[] {config.hidden()},
        own ? norm.weightAsOptional : new TensorOptional(standIn(norm, ".weight", norm.weight, adaptation)),
        own ? norm.bias : new TensorOptional(standIn(norm, ".bias", norm.bias.get(), adaptation)),
        config.layerNormEps(), true);
  }

  /** {@code W x + b}, with the weights that stand in for the encoder's own where there are any. */
  private Tensor linear(Tensor input, Linear linear, Adaptation adaptation) {
    if (adaptation.weights().isEmpty()) {
      return frozen(input, linear);
    }
    return torch.linear(input, standIn(linear, ".weight", linear.weight, adaptation),
        new TensorOptional(standIn(linear, ".bias", linear.bias.get(), adaptation)));
  }

  private static Tensor standIn(Linear linear, String suffix, Tensor own, Adaptation adaptation) {
    int parts = linear.names.size();
    Tensor[] modules = new Tensor[parts];
    for (int i = 0; i < parts; i++) {
      long rows = own.size(0) / parts;
      modules[i] = adaptation.weight(linear.names.get(i) + suffix, own.narrow(0, i * rows, rows));
    }
    return parts == 1 ? modules[0] : Tensors.concat(0, modules);
  }

  /**
   * {@code W x + b}: by {@link Sgemm} from the transposed weight, which it reads where it lies, while all others first
   * bring the weights into another order, which with few tokens takes longer than the product. It records no gradients;
   * where they are asked for, oneDNN's kernels are 1.5 times as fast as OpenBLAS's, the layout's conversions counted in,
   * but for the tokens of a text or two.
   */
  private Tensor frozen(Tensor input, Linear linear) {
    Tensor transposed = linear.transposed;
    if (transposed != null && !(GradMode.is_enabled() && input.requires_grad())) {
      long out = transposed.size(1);
      Tensor output = torch.empty(input.size(0), out).copy_(linear.bias.get());
      Sgemm.multiply(input.contiguous(), false, transposed, false, input.size(0), out, input.size(1), 1, output);
      return output;
    }
    if (oneDnn && input.size(0) >= FEW_TOKENS) {
      return torch.mkldnn_linear(input.to_mkldnn(), linear.weight, linear.bias).to_dense();
    }
    return torch.linear(input, linear.weight, linear.bias);
  }

  private static Tensor adapted(Adaptation adaptation, int site, Tensor input, Tensor output) {
    @Nullable SiteFunction function = adaptation.at(site);
    return function == null ? output : function.apply(input, output);
  }

  /** Frees the weights; does nothing the second time. */
  @Override
  public void close() {
    optionals.forEach(TensorOptional::releaseReference);
    optionals.clear();
    owner.close();
  }
}
