"""deltam's multi_fashion, bit for bit (trainer-core/dataset/overlay.c): two Fashion-MNIST
images at opposite corners of 36x36, combined by maximum. Which image is whose partner
comes from deltam's random numbers by position, which are computed here again."""

import gzip, os
import numpy as np

POOLS = {"train": ("train", 0, 50000), "val": ("train", 50000, 10000), "test": ("t10k", 0, 10000)}
RNG_DATA = 4  # common/rng.h
MASK = (1 << 64) - 1

def key_of(purpose):  # of seed 0: splitmix64's finaliser
    x = (0x9e3779b97f4a7c15 * purpose) & MASK
    x = ((x ^ (x >> 30)) * 0xbf58476d1ce4e5b9) & MASK
    x = ((x ^ (x >> 27)) * 0x94d049bb133111eb) & MASK
    return x ^ (x >> 31)

def random_words(epoch, index):
    """The high and the low word of Philox-4x32-10 for each index (below 2^32)."""
    key, low = key_of(RNG_DATA), np.uint64(0xffffffff)
    k0, k1 = key & 0xffffffff, key >> 32
    c = [index.astype(np.uint64), np.zeros(len(index), np.uint64)]
    c += [np.full(len(index), part, np.uint64) for part in (epoch & 0xffffffff, epoch >> 32)]
    for _ in range(10):
        a, b = c[0] * np.uint64(0xd2511f53), c[2] * np.uint64(0xcd9e8d57)
        c = [(b >> np.uint64(32)) ^ c[1] ^ np.uint64(k0), b & low,
             (a >> np.uint64(32)) ^ c[3] ^ np.uint64(k1), a & low]
        k0, k1 = (k0 + 0x9e3779b9) & 0xffffffff, (k1 + 0xbb67ae85) & 0xffffffff
    return c[0], c[1]

def permutation(epoch, n):  # Fisher-Yates from the end
    index = np.arange(n, dtype=np.uint64)
    high, low = random_words(epoch, index)
    bound = index + np.uint64(1)
    place = (high * bound + ((low * bound) >> np.uint64(32))) >> np.uint64(32)
    out = list(range(n))
    for i, j in zip(range(n - 1, 0, -1), place[:0:-1].tolist()):
        out[i], out[j] = out[j], out[i]
    return np.array(out)

def read_idx(folder, name, header):
    path = os.path.join(folder, name)
    file = open(path, "rb") if os.path.exists(path) else gzip.open(path + ".gz", "rb")
    with file:
        return np.frombuffer(file.read(), np.uint8, offset=header)

def split(folder, name, n):
    """Pictures (n, 1, 36, 36) as bytes, and the labels (n) of both corners."""
    file, first, size = POOLS[name]
    images = read_idx(folder, file + "-images-idx3-ubyte", 16).reshape(-1, 28, 28)
    labels = read_idx(folder, file + "-labels-idx1-ubyte", 8).astype(np.int64)
    number = np.arange(n)
    epochs = [list(POOLS).index(name) << 32 | k for k in range((n + size - 1) // size)]
    partner = np.concatenate([permutation(epoch, size) for epoch in epochs])[:n]
    a, b = first + number % size, first + partner
    out = np.zeros((n, 1, 36, 36), np.uint8)
    out[:, 0, :28, :28] = images[a]
    out[:, 0, 8:, 8:] = np.maximum(out[:, 0, 8:, 8:], images[b])
    return out, labels[a], labels[b]
