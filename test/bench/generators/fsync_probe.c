/*
 * What the disk allows: appends of 4 KiB, each followed by fdatasync, into a file of the directory.
 *   fsync_probe DIRECTORY SECONDS [BYTES]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLES_MAX = 1000000 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int count, char **words) {
  if (count < 3) { fprintf(stderr, "usage: fsync_probe DIRECTORY SECONDS [BYTES]\n"); return 2; }
  size_t bytes = count > 3 ? (size_t)atol(words[3]) : 4096;
  char path[4096];
  snprintf(path, sizeof path, "%s/fsync-probe.%d", words[1], (int)getpid());
  int file = open(path, O_CREAT | O_RDWR | O_TRUNC, 0600);
  char *block = malloc(bytes);
  memset(block, 'x', bytes);
  double *samples = malloc(SAMPLES_MAX * sizeof *samples), end = now() + atof(words[2]), at = now();
  int taken = 0;
  for (; taken < SAMPLES_MAX && at < end; taken++) {
    if (write(file, block, bytes) != (ssize_t)bytes || fdatasync(file)) {
      fprintf(stderr, "cannot write at %s: %s\n", path, strerror(errno));
      unlink(path);
      return 2;
    }
    double after = now();
    samples[taken] = after - at;
    at = after;
  }
  unlink(path);
  qsort(samples, (size_t)taken, sizeof *samples, ascending);
  printf("{\"syncs\":%d,\"p50_ms\":%.4f,\"p99_ms\":%.4f,\"max_ms\":%.4f}\n", taken,
    samples[taken / 2] * 1e3, samples[taken * 99 / 100] * 1e3, samples[taken - 1] * 1e3);
  return 0;
}
