"""LeNet on multi_fashion in PyTorch, one job of a sweep (docs/TRAINERS.md)."""

import math, os
import torch
from torch.nn import functional as F
import deltam, pictures, weighting

class LeNet(torch.nn.Module):
    def __init__(self, tasks):
        super().__init__()
        self.trunk = torch.nn.Sequential(  # pooled before ReLU: the same values, less work
            torch.nn.Conv2d(1, 10, 9), torch.nn.MaxPool2d(2), torch.nn.ReLU(),
            torch.nn.Conv2d(10, 20, 5), torch.nn.MaxPool2d(2), torch.nn.ReLU(),
            torch.nn.Flatten(), torch.nn.Linear(500, 50), torch.nn.ReLU())
        self.heads = torch.nn.ModuleDict({task: torch.nn.Linear(50, 10) for task in tasks})

    def losses(self, x, labels, reduction="mean"):
        features = self.trunk(x)
        answers = {task: head(features) for task, head in self.heads.items()}
        losses = {t: F.cross_entropy(y, labels[t], reduction=reduction) for t, y in answers.items()}
        return losses, answers

def load(job, split):
    x, *both = pictures.split(job.dataset["path"], split, int(job.dataset[split]))
    labels = dict(zip(("top_left", "bottom_right"), map(torch.from_numpy, both)))
    x = (torch.from_numpy(x).float() / 255).to(memory_format=torch.channels_last)
    return x, {task: labels[task] for task in job.tasks}

def measure(net, x, labels):
    loss, right = dict.fromkeys(net.heads, 0.0), dict.fromkeys(net.heads, 0)
    with torch.no_grad():
        for at in range(0, len(x), 500):
            part = {t: y[at:at + 500] for t, y in labels.items()}
            losses, answers = net.losses(x[at:at + 500], part, "sum")
            for t in net.heads:
                loss[t] += losses[t].item()
                right[t] += (answers[t].argmax(1) == part[t]).sum().item()
    return {t: {"loss": loss[t] / len(x), "accuracy": right[t] / len(x)} for t in net.heads}

def train(net, method, optimizer, x, labels, order, batch):
    """An epoch: the mean loss of each task, and mean and deviation of its weight."""
    losses, weights = [], []
    for at in order.split(batch):
        found, _ = net.losses(x[at], {t: y[at] for t, y in labels.items()})
        optimizer.zero_grad()
        weights.append(method.backward(list(found.values()), list(net.trunk.parameters())))
        optimizer.step()
        losses.append([loss.item() for loss in found.values()])
    loss = torch.tensor(losses, dtype=torch.float64).mean(0).tolist()
    weights = torch.tensor(weights, dtype=torch.float64)
    mean, std = weights.mean(0).tolist(), weights.std(0, unbiased=False).tolist()
    return ({t: {"loss": v} for t, v in zip(net.heads, loss)},
            {t: {"mean": m, "std": s} for t, m, s in zip(net.heads, mean, std)})

job = deltam.Job()
torch.set_num_threads(1)  # deltam runs as many jobs at a time as there are cores
torch.manual_seed(job.seed)
job.tell(hello={"device": "cpu", "software": "torch " + torch.__version__})
data = {split: load(job, split) for split in ("train", "val", "test")}
net = LeNet(job.tasks).to(memory_format=torch.channels_last)  # a third faster on CPUs
method, done = weighting.make(job), 0
optimizer = torch.optim.Adam(
    [{"params": net.parameters(), "weight_decay": job.wd, "rate": job.lr},
     {"params": method.learned, "weight_decay": job.hyper.get("weight_wd", 0),
      "rate": job.hyper.get("weight_lr") or job.lr}][:2 if method.learned else 1])
if os.path.exists(job.path("state.pt")):
    state = torch.load(job.path("state.pt"))
    done = state["epoch"]
    net.load_state_dict(state["net"])
    optimizer.load_state_dict(state["optimizer"])
    for p, value in zip(method.learned, state["learned"]):
        p.data.copy_(value)
for epoch in job.todo(done):
    draw = job.seed * 1000003 + epoch  # all random numbers of an epoch, and nothing to save
    if hasattr(method, "begin_epoch"):
        method.begin_epoch(draw)
    for group in optimizer.param_groups:
        group["lr"] = group["rate"] * (1 + math.cos(math.pi * (epoch - 1) / job.epochs)) / 2
    x, labels = data["train"]
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(draw))
    losses, weights = train(net, method, optimizer, x, labels, order, int(job.train["batch"]))
    job.tell(epoch=epoch, train=losses, weights=weights,
             val=measure(net, *data["val"]), test=measure(net, *data["test"]))
    if job.save_due(epoch):
        with job.saving("state.pt") as new:
            torch.save({"epoch": epoch, "net": net.state_dict(), "optimizer": optimizer.state_dict(),
                        "learned": [p.data for p in method.learned]}, new)
