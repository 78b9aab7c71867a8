/* What Linux tells of a process's use of the processor. */
#pragma once
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* User and system time of all its threads. */
static double cpu_seconds(long pid) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%ld/stat", pid);
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  size_t n = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[n] = 0;
  unsigned long user = 0, system = 0;
  char *after_name = strrchr(text, ')');
  if (after_name) sscanf(after_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
  return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* Seconds that its main thread was ready to run while something else had its core: a disturbed measurement shows here. */
static double wait_seconds(long pid) {
  char path[64];
  unsigned long ran = 0, waited = 0;
  snprintf(path, sizeof path, "/proc/%ld/schedstat", pid);
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  if (fscanf(file, "%lu %lu", &ran, &waited) != 2) waited = 0;
  fclose(file);
  return (double)waited / 1e9;
}

static double own_cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}
