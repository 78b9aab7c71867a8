/*
 * sync FILE COUNT: appends 4 KB to FILE and calls fdatasync, COUNT times, and prints one line of JSON with the
 * percentiles in milliseconds of one fdatasync on that disk.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int count = atoi(argv[2]);
  int fd = open(argv[1], O_CREAT | O_WRONLY | O_APPEND, 0600);
  double *took = calloc((size_t)count, sizeof *took);
  char page[4096];
  if (fd < 0 || !took || count < 1) return 3;
  memset(page, 'x', sizeof page);
  for (int i = 0; i < count; i++) {
    if (write(fd, page, sizeof page) != sizeof page) return 3;
    double before = now_ms();
    if (fdatasync(fd) != 0) return 3;
    took[i] = now_ms() - before;
  }
  qsort(took, (size_t)count, sizeof *took, compare);
  printf("{\"p50\":%.4f,\"p99\":%.4f,\"max\":%.4f}\n", took[count / 2], took[count * 99 / 100], took[count - 1]);
  unlink(argv[1]);
  return 0;
}
