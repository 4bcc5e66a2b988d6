# One LoRA training step of a MiniLM-sized encoder in PyTorch, timed: THREADS WARM_UP STEPS
# Prints one JSON line. Starts where torch_and_blas.py ends.
import json
import sys
import time

import torch.nn.functional as F

LAYERS, WIDTH, HEADS, INNER = 6, 384, 12, 1536
ROWS, TOKENS, RANK, CLASSES = 32, 64, 8, 150
threads, warm_up, steps = (int(argument) for argument in sys.argv[1:4])
torch.set_num_threads(threads)
torch.manual_seed(1)


def frozen(*shape):
    return torch.randn(*shape) * 0.02


def trained(tensor):
    return tensor.requires_grad_()


class Block:
    def __init__(self):
        self.query, self.key, self.value, self.output = (frozen(WIDTH, WIDTH) for _ in range(4))
        self.up, self.down = frozen(INNER, WIDTH), frozen(WIDTH, INNER)
        self.query_a, self.query_b = trained(frozen(RANK, WIDTH)), trained(torch.zeros(WIDTH, RANK))
        self.value_a, self.value_b = trained(frozen(RANK, WIDTH)), trained(torch.zeros(WIDTH, RANK))

    def trained(self):
        return [self.query_a, self.query_b, self.value_a, self.value_b]

    def __call__(self, x):
        q = F.linear(x, self.query) + F.linear(F.linear(x, self.query_a), self.query_b)
        k = F.linear(x, self.key)
        v = F.linear(x, self.value) + F.linear(F.linear(x, self.value_a), self.value_b)
        x = F.layer_norm(x + F.linear(attention(q, k, v), self.output), (WIDTH,))
        return F.layer_norm(x + F.linear(F.gelu(F.linear(x, self.up)), self.down), (WIDTH,))


def attention(q, k, v):
    q, k, v = (t.view(ROWS, TOKENS, HEADS, WIDTH // HEADS).transpose(1, 2) for t in (q, k, v))
    if hasattr(F, "scaled_dot_product_attention"):
        mixed = F.scaled_dot_product_attention(q, k, v)
    else:
        mixed = torch.softmax(q @ k.transpose(-1, -2) / (WIDTH // HEADS) ** 0.5, -1) @ v
    return mixed.transpose(1, 2).reshape(ROWS, TOKENS, WIDTH)


blocks = [Block() for _ in range(LAYERS)]
head = trained(frozen(CLASSES, WIDTH))
parameters = [head] + [tensor for block in blocks for tensor in block.trained()]
states = torch.randn(ROWS, TOKENS, WIDTH)
labels = torch.randint(CLASSES, (ROWS,))


def step():
    for parameter in parameters:
        parameter.grad = None
    x = states
    for block in blocks:
        x = block(x)
    F.cross_entropy(F.linear(x.mean(1), head), labels).backward()
    with torch.no_grad():
        for parameter in parameters:
            parameter -= 1e-3 * parameter.grad


seconds = []
for index in range(warm_up + steps):
    start = time.perf_counter()
    step()
    if index >= warm_up:
        seconds.append(time.perf_counter() - start)
print(json.dumps({"version": torch.__version__, "blas": blas(), "seconds": seconds}))
