"""Training steps of `bench` beside the same steps in PyTorch, in turn, on one core.

usage: peers.py BENCH [WORKLOAD ...] [--seconds S] [--rounds N]

A figure is a median over the rounds of steps in a second of CPU time, with the least and
the most; PyTorch as it is, with images as channels-last, and with bf16 autocast besides.
"""

import argparse, json, statistics, subprocess, time
import torch
from torch import nn
from torch.nn import functional as F

def conv(i, o, kernel=3, stride=1, norm=True):
    layers = [nn.Conv2d(i, o, kernel, stride, kernel // 2, bias=not norm)]
    return nn.Sequential(*layers, *([nn.BatchNorm2d(o)] if norm else []), nn.ReLU())

class SegNet(nn.Module):
    def __init__(self, filters=(16, 32, 64, 128)):
        super().__init__()
        pairs = list(zip((3,) + filters[:-1], filters))
        down = [filters[0]] + list(filters[:-1])
        self.enc = nn.ModuleList(nn.Sequential(conv(i, o), conv(o, o)) for i, o in pairs)
        self.dec = nn.ModuleList(nn.Sequential(conv(o, i), conv(i, i)) for o, i in zip(filters, down))

    def forward(self, x):
        winners = []
        for level in self.enc:
            x, winner = F.max_pool2d(level(x), 2, return_indices=True)
            winners.append(winner)
        for level in reversed(self.dec):
            x = level(F.max_unpool2d(x, winners.pop(), 2))
        return x

class Block(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.first = conv(i, o, 3, stride)
        self.second = nn.Sequential(nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o))
        self.short = nn.Identity() if i == o and stride == 1 else nn.Sequential(
            nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o))

    def forward(self, x):
        return F.relu(self.second(self.first(x)) + self.short(x))

def resnet18():
    layers = [conv(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)]
    for i, o, stride in ((64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2)):
        layers += [Block(i, o, stride), Block(o, o, 1)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())

def lenet():
    return nn.Sequential(nn.Conv2d(1, 10, 9), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(10, 20, 5),
                         nn.MaxPool2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(500, 50), nn.ReLU())

def classes(n, count, *more):
    return torch.randint(count, (n,) + more)

def cosine(y, target):
    return 1 - F.cosine_similarity(y, target).mean()

def workload(name):
    """Trunk, heads, input, targets, losses: what bench/train.c trains under that name."""
    if name == "mlp":
        trunk = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU())
        return (trunk, [nn.Linear(256, n) for n in (1, 4, 10)], torch.randn(64, 64),
                [torch.randn(64, 1), torch.randn(64, 4), classes(64, 10)], [F.l1_loss, F.l1_loss, F.cross_entropy])
    if name in ("lenet", "lenet_pcgrad"):
        return (lenet(), [nn.Linear(50, 10) for _ in range(2)], torch.rand(256, 1, 36, 36),
                [classes(256, 10) for _ in range(2)], [F.cross_entropy] * 2)
    if name == "segnet":
        heads = [nn.Sequential(conv(16, 16, norm=False), nn.Conv2d(16, n, 1)) for n in (13, 1, 3)]
        return (SegNet(), heads, torch.rand(8, 3, 64, 96),
                [classes(8, 13, 64, 96), torch.randn(8, 1, 64, 96), torch.randn(8, 3, 64, 96)],
                [F.cross_entropy, F.l1_loss, cosine])
    return (resnet18(), [nn.Linear(512, 1) for _ in range(40)], torch.rand(128, 3, 64, 64),
            [classes(128, 2, 1).float() for _ in range(40)], [F.binary_cross_entropy_with_logits] * 40)

def pcgrad(losses, shared, own):
    grads = [torch.autograd.grad(loss, shared, retain_graph=True) for loss in losses]
    flat = [torch.cat([g.flatten() for g in one]) for one in grads]
    out = [g.clone() for g in flat]
    for i, g in enumerate(out):
        for j, other in enumerate(flat):
            dot = g @ other
            if i != j and dot < 0:
                g -= dot / (other @ other) * other
    sum(losses).backward(inputs=own)
    for p, g in zip(shared, sum(out).split([p.numel() for p in shared])):
        p.grad = g.view_as(p)

class Peer:
    """One workload in one variant of PyTorch, ready for steps."""
    def __init__(self, name, last, mixed):
        torch.manual_seed(0)
        self.name, self.mixed = name, mixed
        self.trunk, heads, self.x, self.targets, self.losses = workload(name)
        self.heads = nn.ModuleList(heads)
        if last and self.x.dim() == 4:
            self.trunk, self.heads, self.x = (v.to(memory_format=torch.channels_last)
                                              for v in (self.trunk, self.heads, self.x))
        self.scale = nn.Parameter(torch.zeros(len(heads)))
        self.shared, self.own = list(self.trunk.parameters()), list(self.heads.parameters())
        self.optimizer = torch.optim.Adam(self.shared + self.own + [self.scale], 1e-3)

    def step(self):
        self.optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.mixed):
            features = self.trunk(self.x)
            answers = [head(features) for head in self.heads]
        losses = [loss(y.float(), t) for loss, y, t in zip(self.losses, answers, self.targets)]
        if self.name == "lenet_pcgrad":
            pcgrad(losses, self.shared, self.own)
        elif self.name == "mlp":
            sum(loss * torch.exp(-s) / 2 + s / 2 for loss, s in zip(losses, self.scale)).backward()
        elif self.name == "lenet":
            all_losses = torch.stack(losses)
            ((1 / all_losses.detach() / 5).softmax(0) * all_losses).sum().backward()
        else:
            sum(losses).backward()
        self.optimizer.step()

    def rate(self, seconds):
        for _ in range(2):
            self.step()
        steps, begin = 0, time.thread_time()
        while steps < 2 or time.thread_time() - begin < seconds:
            self.step()
            steps += 1
        return steps / (time.thread_time() - begin)

def own(bench, name, precision, seconds):
    words = [bench, name, "--seconds", str(seconds), "--precision", precision]
    return json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)

def processor():
    with open("/proc/cpuinfo", encoding="ascii") as f:
        text = f.read()
    names = [line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name")]
    return (names or ["?"])[0] + (", AMX" if "amx_bf16" in text else ", no AMX")

def shown(v):
    return f"{statistics.median(v):.3g} ({min(v):.3g} to {max(v):.3g})"

def main():
    p = argparse.ArgumentParser()
    p.add_argument("bench")
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--rounds", type=int, default=5)
    names = ["mlp", "lenet", "lenet_pcgrad", "segnet", "resnet18"]
    p.add_argument("workload", nargs="*", choices=names + [[]])
    args = p.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    variants = {"PyTorch": (False, False), "channels-last": (True, False), "bf16": (True, True)}
    print(f"{processor()}; PyTorch {torch.__version__}, one thread; steps in a second of CPU time, "
          f"median of {args.rounds} rounds in turn\n")
    print("|workload|deltam float32|deltam bf16|" + "|".join(variants) + "|float32 / best float32|bf16 / bf16|")
    print("|---" * (len(variants) + 5) + "|")
    for name in args.workload or names:
        peers = {v: Peer(name, *form) for v, form in variants.items()}
        rates = {v: [] for v in ("float32", "mixed", *variants)}
        for _ in range(args.rounds):
            rates["float32"].append(own(args.bench, name, "float32", args.seconds)["steps_per_s"])
            rates["mixed"].append(own(args.bench, name, "bf16", args.seconds)["steps_per_s"])
            for v, peer in peers.items():
                rates[v].append(peer.rate(args.seconds))
        best = [max(pair) for pair in zip(rates["PyTorch"], rates["channels-last"])]
        ratios = [[a / b for a, b in zip(rates["float32"], best)],
                  [a / b for a, b in zip(rates["mixed"], rates["bf16"])]]
        print("|" + "|".join([name, *map(shown, rates.values()), *map(shown, ratios)]) + "|", flush=True)

main()
