/*
 * The reference round in straightforward native C: row by row, libm exp, one message after the other.
 *
 * Byz-VR-MARINA-PP on logistic regression: 15 honest + 5 byzantine clients, cohort 4, batch 32 with replacement,
 * coordinate-median behind bucketing 2, shift-back, step 0.1, step-proportional clipping with factor 1, a refresh every
 * 1,000 rounds. It draws the same random numbers as marinade (Philox4x32-10 by 64-bit products) and computes the same
 * messages: those of the sampled honest clients; those of all honest clients when a liar is sampled without majority,
 * as its lie is their mean; in a refresh round one full gradient, which homogeneous clients share.
 *
 * Usage: round DATA, then a line "seed rounds" for each measurement; answers "cpu-seconds loss".
 * DATA: int32 rows, columns, entries, 0; double rowValue[rows], labels[rows]; int32 rowStart[rows + 1], columnOf[entries].
 */
#define _GNU_SOURCE
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CLIENTS = 20, HONEST = 15, COHORT = 4, BATCH = 32, BUCKET = 2, EVERY = 1000 };
static const double STEP = 0.1, L2 = 0.01, FACTOR = 1;
enum { START = 1, COHORTS = 5, BATCHES = 6, RULE = 8 };
#define EVERYONE 0xffffffffu

static int32_t rows, columns;
static double *row_value, *labels;
static int32_t *row_start, *column_of;

typedef struct {
  uint32_t counter[4], key[2], words[4];
  int used;
} Stream;

static void philox(Stream *s) {
  uint32_t x0 = s->counter[0]++, x1 = s->counter[1], x2 = s->counter[2], x3 = s->counter[3];
  uint32_t k0 = s->key[0], k1 = s->key[1];
  for (int round = 0; round < 10; round++) {
    uint64_t a = (uint64_t)0xd2511f53u * x0, b = (uint64_t)0xcd9e8d57u * x2;
    x0 = (uint32_t)(b >> 32) ^ x1 ^ k0;
    x1 = (uint32_t)b;
    x2 = (uint32_t)(a >> 32) ^ x3 ^ k1;
    x3 = (uint32_t)a;
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  s->words[0] = x0, s->words[1] = x1, s->words[2] = x2, s->words[3] = x3;
  s->used = 0;
}

static Stream stream_at(uint32_t seed, uint32_t purpose, uint32_t round, uint32_t client, uint32_t phase) {
  return (Stream){{0, client, round, purpose + 65536 * phase}, {seed, 0}, {0}, 4};
}

static uint32_t word(Stream *s) {
  if (s->used == 4) philox(s);
  return s->words[s->used++];
}

static double uniform(Stream *s) {
  uint64_t high = word(s) >> 5, low = word(s) >> 6;
  return (double)((high << 26) + low) / 9007199254740992.0;
}

static uint32_t below(Stream *s, uint32_t m) {
  for (;;) {
    uint64_t product = (uint64_t)word(s) * m;
    uint32_t fraction = (uint32_t)product;
    if (fraction >= m || fraction >= -m % m) return product >> 32;
  }
}

static double margin(int row, const double *x) {
  double sum = 0;
  for (int p = row_start[row]; p < row_start[row + 1]; p++) sum += x[column_of[p]];
  return sum * row_value[row];
}

static double slope(double t, double y) { return -y / (1 + exp(y * t)); }

static void scatter(int row, double factor, double *out) {
  for (int p = row_start[row]; p < row_start[row + 1]; p++) out[column_of[p]] += factor * row_value[row];
}

static void full_gradient(const double *x, double *out) {
  memset(out, 0, sizeof(double) * columns);
  for (int row = 0; row < rows; row++) scatter(row, slope(margin(row, x), labels[row]) / rows, out);
  for (int j = 0; j < columns; j++) out[j] += L2 * x[j];
}

static void difference(uint32_t seed, int k, int client, const double *x, const double *previous, double *out) {
  Stream stream = stream_at(seed, BATCHES, k, client, 0);
  for (int j = 0; j < columns; j++) out[j] = L2 * (x[j] - previous[j]);
  for (int i = 0; i < BATCH; i++) {
    int row = below(&stream, rows);
    double y = labels[row];
    scatter(row, (slope(margin(row, x), y) - slope(margin(row, previous), y)) / BATCH, out);
  }
}

static double distance(const double *a, const double *b) {
  double sum = 0;
  for (int j = 0; j < columns; j++) sum += (a[j] - b[j]) * (a[j] - b[j]);
  return sqrt(sum);
}

static double norm(const double *a) {
  double sum = 0;
  for (int j = 0; j < columns; j++) sum += a[j] * a[j];
  return sqrt(sum);
}

static void mean(double *const *vectors, int n, double *out) {
  for (int j = 0; j < columns; j++) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += vectors[i][j];
    out[j] = sum / n;
  }
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* out = coordinate-wise median of the means of random pairs */
static void rule(uint32_t seed, int k, double *const *messages, int n, double *out) {
  static double *bucket[CLIENTS];
  Stream stream = stream_at(seed, RULE, k, EVERYONE, 1);
  int order[CLIENTS], buckets = (n + BUCKET - 1) / BUCKET;
  for (int i = 0; i < n; i++) order[i] = i;
  for (int i = n - 1; i > 0; i--) {
    int j = below(&stream, i + 1), kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  for (int b = 0; b < buckets; b++) {
    double *members[BUCKET];
    int count = n - b * BUCKET < BUCKET ? n - b * BUCKET : BUCKET;
    for (int i = 0; i < count; i++) members[i] = messages[order[b * BUCKET + i]];
    if (!bucket[b]) bucket[b] = malloc(sizeof(double) * columns);
    mean(members, count, bucket[b]);
  }
  for (int j = 0; j < columns; j++) {
    double values[CLIENTS];
    for (int b = 0; b < buckets; b++) values[b] = bucket[b][j];
    if (buckets > 2) qsort(values, buckets, sizeof(double), by_value);
    out[j] = buckets % 2 ? values[buckets / 2] : (values[buckets / 2 - 1] + values[buckets / 2]) / 2;
  }
}

static double loss(const double *x) {
  double sum = 0, square = 0;
  for (int row = 0; row < rows; row++) sum += log1p(exp(-labels[row] * margin(row, x)));
  for (int j = 0; j < columns; j++) square += x[j] * x[j];
  return sum / rows + L2 / 2 * square;
}

static double *vector(void) { return calloc(columns, sizeof(double)); }

static double run(uint32_t seed, int rounds, double *seconds) {
  double *x = vector(), *previous = vector(), *start = vector(), *g = vector(), *lie = vector(), *change = vector();
  double *of_client[CLIENTS], *messages[CLIENTS];
  for (int i = 0; i < CLIENTS; i++) of_client[i] = vector();
  Stream stream = stream_at(seed, START, 0, EVERYONE, 0);
  for (int j = 0; j < columns; j++) start[j] = 1 / sqrt(columns) * (2 * uniform(&stream) - 1);
  memcpy(x, start, sizeof(double) * columns);

  struct timespec from, to;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
  for (int k = 0; k <= rounds; k++) {
    int refresh = k % EVERY == 0, cohort[CLIENTS], size = refresh ? CLIENTS : COHORT, liars = 0;
    if (k > 0) {
      double *kept = previous;
      previous = x;
      x = kept;
      for (int j = 0; j < columns; j++) x[j] = previous[j] - STEP * g[j];
    }
    stream = stream_at(seed, COHORTS, k, EVERYONE, 0);
    for (int i = 0, chosen = 0; i < CLIENTS && chosen < size; i++) {
      if (below(&stream, CLIENTS - i) < (uint32_t)(size - chosen)) cohort[chosen++] = i;
    }
    for (int i = 0; i < size; i++) liars += cohort[i] >= HONEST;
    if (refresh) {
      full_gradient(x, of_client[0]);
      for (int i = 1; i < HONEST; i++) memcpy(of_client[i], of_client[0], sizeof(double) * columns);
      mean(of_client, HONEST, lie);
    } else if (liars == 0 || 2 * liars > size) {
      for (int i = 0; i < size; i++)
        if (cohort[i] < HONEST) difference(seed, k, cohort[i], x, previous, of_client[cohort[i]]);
      for (int j = 0; j < columns; j++) lie[j] = x[j] - start[j] - g[j];
    } else {
      for (int i = 0; i < HONEST; i++) difference(seed, k, i, x, previous, of_client[i]);
      mean(of_client, HONEST, lie);
    }
    for (int i = 0; i < size; i++) {
      messages[i] = of_client[cohort[i]];
      if (cohort[i] >= HONEST) memcpy(messages[i], lie, sizeof(double) * columns);
    }
    if (!refresh) {
      double level = FACTOR * distance(x, previous);
      for (int i = 0; i < size; i++) {
        double length = norm(messages[i]);
        if (length > level)
          for (int j = 0; j < columns; j++) messages[i][j] *= level / length;
      }
    }
    rule(seed, k, messages, size, change);
    for (int j = 0; j < columns; j++) g[j] = refresh ? change[j] : g[j] + change[j];
  }
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
  *seconds = (to.tv_sec - from.tv_sec) + 1e-9 * (to.tv_nsec - from.tv_nsec);
  double value = loss(x);
  for (int i = 0; i < CLIENTS; i++) free(of_client[i]);
  free(x), free(previous), free(start), free(g), free(lie), free(change);
  return value;
}

static void *block(FILE *file, size_t size, size_t count) {
  void *data = malloc(size * count);
  if (!data || fread(data, size, count, file) != count) exit(2);
  return data;
}

int main(int argc, char **argv) {
  int32_t header[4];
  FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
  if (!file || fread(header, 4, 4, file) != 4) return 2;
  rows = header[0], columns = header[1];
  row_value = block(file, 8, rows);
  labels = block(file, 8, rows);
  row_start = block(file, 4, rows + 1);
  column_of = block(file, 4, header[2]);
  unsigned seed;
  int rounds;
  while (scanf("%u %d", &seed, &rounds) == 2) {
    double seconds, value = run(seed, rounds, &seconds);
    printf("%.9g %.17g\n", seconds, value);
    fflush(stdout);
  }
  return 0;
}
