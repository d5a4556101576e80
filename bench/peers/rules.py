"""Aggregation rules in NumPy, twice: on all coordinates by differences, and on coefficients from a BLAS Gram matrix.

Usage: rules.py, then a line "setup n d" (answers "ready") and lines "rule variant repeats" (answers "seconds norm", the
median thread time of a call and the length of its result). Messages are normal numbers of NumPy's generator, the last
fifth ten times as long. The Gram variants carry the same guard as the rules they are measured against: what cancels
below 2^-12 is taken by differences.
"""

import io
import sys
import time
from contextlib import redirect_stdout

import numpy as np

TRUSTED = 2.0**-12
STEPS, NU, RADIUS, CLIPS = 8, 0.1, 10.0, 3


def blas():
    text = io.StringIO()
    with redirect_stdout(text):
        np.show_config()
    lines = text.getvalue().splitlines()
    at = next((i for i, line in enumerate(lines) if line.strip().startswith("blas")), None)
    if at is None:
        return "unknown"
    part = [line.split(":", 1)[1].strip() for line in lines[at : at + 10] if line.strip().startswith(("name:", "version:"))]
    return "-".join(part).replace(" ", "-") or "unknown"


class Rules:
    def __init__(self, n, d):
        random = np.random.default_rng(n)
        self.x = random.standard_normal((n, d))
        self.f = n // 5
        self.x[n - self.f :] *= 10
        self.n = n

    # Order statistics.

    def median_np(self):
        return np.median(self.x, axis=0)

    def trimmed_np(self):
        return np.sort(self.x, axis=0)[self.f : self.n - self.f].mean(axis=0)

    # Pairwise squared distances.

    def squared_direct(self):
        return np.stack([np.square(self.x - row).sum(axis=1) for row in self.x])

    def squared_gram(self):
        gram = self.x @ self.x.T
        own = np.diag(gram)
        lengths = own[:, None] + own
        squared = lengths - 2 * gram
        for i, l in np.argwhere(np.triu(squared < TRUSTED * lengths, 1)):
            away = self.x[i] - self.x[l]
            squared[i, l] = squared[l, i] = away @ away
        np.fill_diagonal(squared, 0)
        return squared

    def scores(self, squared):
        return np.sort(squared, axis=1)[:, 1 : self.n - self.f - 1].sum(axis=1)

    def krum(self, squared):
        return self.x[np.argmin(self.scores(squared))].copy()

    def multi_krum(self, squared):
        best = np.argsort(self.scores(squared), kind="stable")[: self.n - self.f]
        weights = np.zeros(self.n)
        weights[best] = 1 / (self.n - self.f)
        return weights @ self.x

    def mixing(self, squared):
        nearest = np.argsort(squared, axis=1, kind="stable")[:, : self.n - self.f]
        weights = np.zeros((self.n, self.n))
        np.put_along_axis(weights, nearest, 1 / (self.n - self.f), axis=1)
        return weights @ self.x

    def krum_direct(self):
        return self.krum(self.squared_direct())

    def krum_gram(self):
        return self.krum(self.squared_gram())

    def multi_krum_direct(self):
        return self.multi_krum(self.squared_direct())

    def multi_krum_gram(self):
        return self.multi_krum(self.squared_gram())

    def mixing_direct(self):
        return self.mixing(self.squared_direct())

    def mixing_gram(self):
        return self.mixing(self.squared_gram())

    # Iterations.

    def rfa_direct(self):
        z = np.zeros(self.x.shape[1])
        for _ in range(STEPS):
            w = 1 / np.maximum(np.linalg.norm(self.x - z, axis=1), NU)
            z = (w / w.sum()) @ self.x
        return z

    def on_coefficients(self, gram, c, hidden):
        own = np.diag(gram)
        product = gram @ c
        value = own - 2 * product + c @ product
        scale = (np.sqrt(own) + np.abs(c) @ np.sqrt(own)) ** 2
        if np.any((value < TRUSTED * scale) & (value + 2.0**-40 * scale >= hidden)):
            raise ArithmeticError("these messages cancel")
        return np.sqrt(value)

    def rfa_gram(self):
        gram = self.x @ self.x.T
        c = np.zeros(self.n)
        for _ in range(STEPS):
            w = 1 / np.maximum(self.on_coefficients(gram, c, NU * NU), NU)
            c = w / w.sum()
        return c @ self.x

    def clipping_direct(self):
        v = np.zeros(self.x.shape[1])
        for _ in range(CLIPS):
            away = self.x - v
            factors = np.minimum(1, RADIUS / np.linalg.norm(away, axis=1))
            v = v + (factors / self.n) @ away
        return v

    def clipping_gram(self):
        gram = self.x @ self.x.T
        c = np.zeros(self.n)
        for _ in range(CLIPS):
            part = np.minimum(1, RADIUS / self.on_coefficients(gram, c, RADIUS * RADIUS)) / self.n
            c = (1 - part.sum()) * c + part
        return c @ self.x


def main():
    print(sys.version.split()[0], np.__version__, blas(), flush=True)
    rules = None
    for line in sys.stdin:
        words = line.split()
        if words[0] == "setup":
            rules = Rules(int(words[1]), int(words[2]))
            rules.x.tofile(words[3])
            print("ready", flush=True)
            continue
        rule = getattr(rules, f"{words[0]}_{words[1]}")
        seconds = []
        for _ in range(int(words[2])):
            began = time.thread_time()
            result = rule()
            seconds.append(time.thread_time() - began)
        print(f"{np.median(seconds):.9g} {np.linalg.norm(result):.17g}", flush=True)


main()
