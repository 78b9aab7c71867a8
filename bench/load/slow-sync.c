/*
 * LD_PRELOAD shim that makes every fsync and fdatasync of a process take longer, the way a network disk does.
 * SLOW_SYNC_MICROSECONDS (default 0) is slept after the real call, on the calling thread only.
 * With SLOW_SYNC_REPORT=1 the number of calls and the real mean duration are written to stderr at exit.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static atomic_ulong calls;
static atomic_ulong real_nanoseconds;
static long delay_microseconds;
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

static unsigned long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (unsigned long)t.tv_sec * 1000000000ul + (unsigned long)t.tv_nsec;
}

__attribute__((constructor)) static void start(void) {
  const char *text = getenv("SLOW_SYNC_MICROSECONDS");
  delay_microseconds = text ? atol(text) : 0;
  real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
}

__attribute__((destructor)) static void finish(void) {
  if (!getenv("SLOW_SYNC_REPORT")) return;
  unsigned long n = atomic_load(&calls);
  fprintf(stderr, "syncs=%lu mean_us=%lu\n", n, n ? atomic_load(&real_nanoseconds) / n / 1000 : 0);
}

static int slow(int (*call)(int), int fd) {
  unsigned long before = now_ns();
  int result = call(fd);
  atomic_fetch_add(&calls, 1);
  atomic_fetch_add(&real_nanoseconds, now_ns() - before);
  if (delay_microseconds > 0) {
    struct timespec wait = {delay_microseconds / 1000000, (delay_microseconds % 1000000) * 1000};
    nanosleep(&wait, NULL);
  }
  return result;
}

int fsync(int fd) { return slow(real_fsync, fd); }
int fdatasync(int fd) { return slow(real_fdatasync, fd); }
