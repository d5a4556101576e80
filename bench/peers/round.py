"""The reference round in vectorised NumPy: all messages of a round in one batch of array operations.

The setting of bench/native/round.c, with NumPy's own random numbers. Usage: round.py DATA, then a line "seed rounds"
for each measurement; answers "cpu-seconds loss". The format of DATA is in round.c.
"""

import sys
import time

import numpy as np

CLIENTS, HONEST, COHORT, BATCH, BUCKET, EVERY = 20, 15, 4, 32, 2, 1000
STEP, L2, FACTOR = 0.1, 0.01, 1.0


class Data:
    def __init__(self, path):
        raw = np.fromfile(path, dtype=np.uint8)
        self.rows, self.columns, entries, _ = (int(v) for v in raw[:16].view(np.int32))
        at = 16
        self.row_value = raw[at : at + 8 * self.rows].view(np.float64)
        at += 8 * self.rows
        self.labels = raw[at : at + 8 * self.rows].view(np.float64)
        at += 8 * self.rows
        row_start = raw[at : at + 4 * (self.rows + 1)].view(np.int32)
        at += 4 * (self.rows + 1)
        column_of = raw[at : at + 4 * entries].view(np.int32)
        # Rows padded to equal width; the padding points at an extra column that is always zero.
        width = np.diff(row_start)
        self.padded = np.full((self.rows, int(width.max())), self.columns, dtype=np.int64)
        inside = np.arange(self.padded.shape[1]) < width[:, None]
        self.padded[inside] = column_of

    def slopes(self, rows, columns, x):
        y = self.labels[rows]
        extended = np.append(x, 0.0)
        margins = extended[columns].sum(axis=-1) * self.row_value[rows]
        return -y / (1.0 + np.exp(y * margins))

    def scatter(self, rows, columns, slopes, messages):
        """Sums slope * row for each of the messages, whose rows lie along the first axis."""
        width = self.columns + 1
        amounts = np.broadcast_to((slopes * self.row_value[rows])[..., None], columns.shape)
        targets = columns if messages == 1 else columns + width * np.arange(messages)[:, None, None]
        sums = np.bincount(targets.ravel(), weights=amounts.ravel(), minlength=width * messages)
        return sums.reshape(messages, width)[:, :-1]

    def differences(self, clients, random, x, previous):
        rows = random.integers(self.rows, size=(clients, BATCH))
        columns = self.padded[rows]
        slopes = (self.slopes(rows, columns, x) - self.slopes(rows, columns, previous)) / BATCH
        return self.scatter(rows, columns, slopes, clients) + L2 * (x - previous)

    def full_gradient(self, x):
        rows = np.arange(self.rows)
        slopes = self.slopes(rows, self.padded, x) / self.rows
        return self.scatter(rows, self.padded, slopes, 1)[0] + L2 * x

    def loss(self, x):
        margins = np.append(x, 0.0)[self.padded].sum(axis=1) * self.row_value
        return np.logaddexp(0.0, -self.labels * margins).mean() + L2 / 2 * (x @ x)


def rule(random, messages):
    order = random.permutation(len(messages))
    buckets = messages[order].reshape(-1, BUCKET, messages.shape[1]).mean(axis=1)
    return np.median(buckets, axis=0)


def run(data, seed, rounds):
    random = np.random.default_rng(seed)
    d = data.columns
    start = random.uniform(-1, 1, d) / np.sqrt(d)
    x = previous = start
    g = np.zeros(d)
    began = time.thread_time()
    for k in range(rounds + 1):
        if k > 0:
            previous, x = x, x - STEP * g
        if k % EVERY == 0:
            messages = np.tile(data.full_gradient(x), (CLIENTS, 1))
            messages[HONEST:] = messages[:HONEST].mean(axis=0)
            g = rule(random, messages)
            continue
        cohort = np.sort(random.choice(CLIENTS, COHORT, replace=False))
        honest = cohort[cohort < HONEST]
        liars = COHORT - len(honest)
        messages = np.empty((COHORT, d))
        if liars == 0 or 2 * liars > COHORT:
            if len(honest):
                messages[: len(honest)] = data.differences(len(honest), random, x, previous)
            messages[len(honest) :] = x - start - g
        else:
            everyone = data.differences(HONEST, random, x, previous)
            messages[: len(honest)] = everyone[honest]
            messages[len(honest) :] = everyone.mean(axis=0)
        level = FACTOR * np.linalg.norm(x - previous)
        lengths = np.linalg.norm(messages, axis=1)
        factors = np.ones(COHORT)
        np.divide(level, lengths, out=factors, where=lengths > level)
        messages *= factors[:, None]
        g = g + rule(random, messages)
    seconds = time.thread_time() - began
    return seconds, data.loss(x)


def main():
    data = Data(sys.argv[1])
    print(sys.version.split()[0], np.__version__, flush=True)
    for line in sys.stdin:
        seed, rounds = (int(v) for v in line.split())
        seconds, loss = run(data, seed, rounds)
        print(f"{seconds:.9g} {loss:.17g}", flush=True)


main()
