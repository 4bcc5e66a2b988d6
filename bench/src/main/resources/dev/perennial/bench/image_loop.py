# A plain loop in PyTorch over images whose classes come in 5 experiences: DIRECTORY THREADS MEMORY
# Prints a JSON line when it is ready; then, for each line "TECHNIQUE SEED" that it reads, one on learning the stream
# once. Starts where torch_and_blas.py ends.
import gzip
import json
import os
import random
import struct
import sys
import time

import torch.nn.functional as F
from torch import nn

EXPERIENCES, WIDTH, RATE, BATCH, ALPHA, BETA = 5, 256, 0.05, 32, 0.5, 0.5
directory, threads, capacity = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)


def idx(name):
    path = os.path.join(directory, name)
    with open(path, "rb") if os.path.exists(path) else gzip.open(path + ".gz", "rb") as file:
        content = bytearray(file.read())
    dimensions = content[3]
    shape = struct.unpack_from(">%dI" % dimensions, content, 4)
    return torch.frombuffer(content, dtype=torch.uint8, offset=4 + 4 * dimensions).view(shape)


def part(prefix):
    return idx(prefix + "-images-idx3-ubyte").flatten(1).float() / 255, idx(prefix + "-labels-idx1-ubyte").long()


images, labels = part("train")
test_images, test_labels = part("t10k")
inputs, outputs = images.shape[1], int(labels.max()) + 1


def experiences():
    classes, first = sorted(labels.unique().tolist(), key=str), 0
    for number in range(EXPERIENCES):
        last = first + len(classes) // EXPERIENCES + (number < len(classes) % EXPERIENCES)
        yield torch.isin(labels, torch.tensor(classes[first:last])).nonzero().flatten()
        first = last


rows_of_experiences = list(experiences())


class Reservoir:
    """Of all rows offered so far, each is kept with the same probability."""

    def __init__(self):
        self.offered = 0
        self.images = torch.zeros(capacity, inputs)
        self.labels = torch.zeros(capacity, dtype=torch.long)
        self.logits = torch.zeros(capacity, outputs)

    def offer(self, x, y, logits):
        for row in range(len(x)):
            place = self.offered if self.offered < capacity else random.randrange(self.offered + 1)
            self.offered += 1
            if place < capacity:
                self.images[place] = x[row]
                self.labels[place] = y[row]
                if logits is not None:
                    self.logits[place] = logits[row]

    def draw(self):
        return torch.randperm(min(self.offered, capacity))[:BATCH]


def fine_tune_loss(net, x, y, memory):
    return F.cross_entropy(net(x), y), None


def replay_loss(net, x, y, memory):
    if memory.offered == 0:
        return fine_tune_loss(net, x, y, memory)
    drawn = memory.draw()
    both = net(torch.cat([x, memory.images[drawn]]))
    return F.cross_entropy(both, torch.cat([y, memory.labels[drawn]])), None


def dark_loss(net, x, y, memory):
    logits = net(x)
    loss = F.cross_entropy(logits, y)
    if memory.offered > 0:
        drawn = memory.draw()
        loss = loss + ALPHA * F.mse_loss(net(memory.images[drawn]), memory.logits[drawn])
        drawn = memory.draw()
        loss = loss + BETA * F.cross_entropy(net(memory.images[drawn]), memory.labels[drawn])
    return loss, logits.detach()


LOSSES = {"fine-tune": fine_tune_loss, "replay": replay_loss, "der++": dark_loss}


def learn(technique, seed):
    torch.manual_seed(seed)
    random.seed(seed)
    net = nn.Sequential(
        nn.Linear(inputs, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, outputs))
    optimiser = torch.optim.SGD(net.parameters(), lr=RATE)
    loss_of = LOSSES[technique]
    memory = None if technique == "fine-tune" else Reservoir()
    start = time.perf_counter()
    for rows in rows_of_experiences:
        order = rows[torch.randperm(len(rows))]
        for first in range(0, len(order), BATCH):
            batch = order[first:first + BATCH]
            x, y = images[batch], labels[batch]
            optimiser.zero_grad(set_to_none=True)
            loss, logits = loss_of(net, x, y, memory)
            loss.backward()
            optimiser.step()
            if memory is not None:
                memory.offer(x, y, logits)
    seconds = time.perf_counter() - start
    with torch.no_grad():
        right = (net(test_images).argmax(1) == test_labels).float().mean().item()
    return {"seconds": seconds, "examples": len(labels), "accuracy": right}


def say(answer):
    print(json.dumps(answer), flush=True)


say({"version": torch.__version__, "blas": blas()})
for line in sys.stdin:
    asked, number = line.split()
    say(learn(asked, int(number)))
