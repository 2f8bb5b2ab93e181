"""Five ways to turn the losses of a step into gradients. `backward` leaves them in the
parameters and says which weights it gave; `learned` is what the optimizer moves besides."""

import torch

class Scalarization:  # EW, too: weights of 1. A baseline has one task and one weight.
    def __init__(self, weights):
        self.weights, self.learned = weights, []

    def weigh(self, losses):
        return self.weights

    def backward(self, losses, trunk):
        weights = self.weigh([loss.item() for loss in losses])
        sum(w * loss for w, loss in zip(weights, losses)).backward()
        return weights

class Uncertainty:  # UW of cross-entropies: s = log sigma^2, the loss is e^-s L + s / 2
    def __init__(self, tasks, init):
        self.s = torch.nn.Parameter(torch.full((tasks,), float(init)))
        self.learned = [self.s]

    def backward(self, losses, trunk):
        weights = torch.exp(-self.s).tolist()
        (torch.exp(-self.s) * torch.stack(losses) + self.s / 2).sum().backward()
        return weights

class SoftOptimal(Scalarization):  # UW-SO: softmax of 1 / (T L)
    def __init__(self, T, floor):
        self.T, self.floor, self.learned = T, floor, []

    def weigh(self, losses):
        inverse = [1 / (self.T * max(loss, self.floor)) for loss in losses]
        return torch.softmax(torch.tensor(inverse, dtype=torch.float64), 0).tolist()

class PCGrad:  # each task's gradient of the trunk without what conflicts with another's
    def __init__(self, seed, mean, eps):
        self.draw = torch.Generator().manual_seed(seed)
        self.mean, self.eps, self.learned = mean, eps, []

    def begin_epoch(self, seed):  # so that no generator is part of the state
        self.draw.manual_seed(seed)

    def backward(self, losses, trunk):
        tasks = len(losses)
        own = [torch.cat([g.flatten() for g in torch.autograd.grad(loss, trunk, retain_graph=True)])
               for loss in losses]
        gram = torch.stack(own) @ torch.stack(own).T
        share = torch.eye(tasks)  # row k: what is left of g_k, in terms of all gradients
        for k in range(tasks):
            for j in torch.randperm(tasks, generator=self.draw).tolist():
                product = share[k] @ gram[j]
                if j != k and product < 0 and gram[j, j] > 0:
                    share[k, j] -= product / (gram[j, j] + self.eps)
        weights = share.sum(0) / (tasks if self.mean else 1)
        sum(losses).backward()  # heads keep the gradients of their own losses
        at, flat = 0, weights @ torch.stack(own)
        for p in trunk:
            p.grad = flat[at:at + p.numel()].view_as(p)
            at += p.numel()
        return weights.tolist()

def make(job):
    """The method of the job, with the hyperparameters that deltam's tables give it."""
    hyper, tasks = job.hyper, len(job.tasks)
    if job.method in ("stl", "ew"):
        return Scalarization(hyper.get("weights", [1.0] * tasks))
    if job.method == "scalarization":
        return Scalarization(hyper["weights"])
    if job.method == "uw" and hyper["form"] in ("auto", "ce"):
        return Uncertainty(tasks, hyper.get("init", 0))
    if job.method == "uw_so":
        return SoftOptimal(hyper["T"], hyper["floor"])
    if job.method == "pcgrad":
        return PCGrad(job.seed, hyper["reduction"] == "mean", hyper["eps"])
    raise SystemExit(f"{job.method} {hyper} is not implemented here")
