/*
 * pace RATE SECONDS: writes RATE records a second of 200 bytes to standard output for SECONDS, each beginning with the
 * 20-digit CLOCK_MONOTONIC nanosecond at which it was due (not at which it was written: a stalled reader is charged
 * for the stall). Records go out one write(2) each, about every 50 microseconds.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { RECORD = 200 };

static unsigned long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (unsigned long)t.tv_sec * 1000000000ul + (unsigned long)t.tv_nsec;
}

static int write_all(const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t n = write(1, bytes, length);
    if (n <= 0) return -1;
    bytes += n;
    length -= (size_t)n;
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  double rate = atof(argv[1]);
  double seconds = atof(argv[2]);
  prctl(PR_SET_TIMERSLACK, 1000ul);
  char record[RECORD + 1];
  memset(record, 'x', RECORD);
  unsigned long start = now_ns();
  unsigned long end = start + (unsigned long)(seconds * 1e9);
  for (unsigned long i = 0;; i++) {
    unsigned long due = start + (unsigned long)((double)i * 1e9 / rate);
    if (due > end) return 0;
    unsigned long now = now_ns();
    if (due > now) {
      struct timespec wait = {0, (long)(due - now)};
      nanosleep(&wait, NULL);
    }
    char head[21];
    snprintf(head, sizeof head, "%020lu", due);
    memcpy(record, head, 20);
    if (write_all(record, RECORD)) return 0;
  }
}
