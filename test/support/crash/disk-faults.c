/*
 * LD_PRELOAD shim: a disk that fails, for the files below the folder DISK_DATA.
 *
 * DISK_CONTROL  a file whose first byte is looked at before every write: 'F' fails it with ENOSPC.
 * DISK_JOURNAL  a file to which every write to the database and its log is added, with what it overwrote, and every sync that
 *               succeeded: what a power cut could take back (disk-faults.ts reads it).
 * DISK_DELAY    microseconds between the call of a sync and its effect.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OTHER = -1, DATABASE, LOG, FILES };
enum { WRITE = 1, SYNC = 2 };

struct record {
  uint32_t type, file;
  /* WRITE: where, how much, how much of it lay there before, the size of the file before. SYNC: number of writes covered. */
  uint64_t offset, length, old_length, old_size;
};

static const char *data;
static size_t data_length;
static volatile const char *control;
static int journal = -1;
static long delay;
static uint64_t writes[FILES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void start(void) {
  real_pwrite = (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
  real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  data = getenv("DISK_DATA");
  data_length = data ? strlen(data) : 0;
  const char *path = getenv("DISK_CONTROL");
  int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd >= 0) control = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
  path = getenv("DISK_JOURNAL");
  if (path) journal = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  const char *text = getenv("DISK_DELAY");
  delay = text ? atol(text) : 0;
}

/* Whether the descriptor is a file below DISK_DATA, and which. */
static int below(int fd, int *file) {
  char link[32], path[4096];
  if (!data) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0 || strncmp(path, data, data_length) != 0) return 0;
  path[length] = 0;
  const char *name = strrchr(path, '/') + 1;
  *file = strcmp(name, "switchboard.db") == 0 ? DATABASE : strcmp(name, "switchboard.db-wal") == 0 ? LOG : OTHER;
  return 1;
}

/* The record is in the journal before the write is in the file: a kill in between takes back what never was. */
static void remember(int fd, int file, const void *bytes, size_t length, off64_t offset) {
  struct stat64 status;
  fstat64(fd, &status);
  struct record record = {WRITE, (uint32_t)file, (uint64_t)offset, length, 0, (uint64_t)status.st_size};
  char *old = malloc(length);
  ssize_t got = old ? pread64(fd, old, length, offset) : 0;
  record.old_length = got > 0 ? (uint64_t)got : 0;
  struct iovec parts[3] = {{&record, sizeof record}, {old, record.old_length}, {(void *)bytes, length}};
  ssize_t all = (ssize_t)(sizeof record + record.old_length + length);
  if (!old || writev(journal, parts, 3) != all) abort();
  free(old);
  writes[file] += 1;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  int file = OTHER;
  if (!below(fd, &file)) return real_pwrite(fd, bytes, length, offset);
  if (control && *control == 'F') {
    errno = ENOSPC;
    return -1;
  }
  if (journal < 0 || file == OTHER) return real_pwrite(fd, bytes, length, offset);
  pthread_mutex_lock(&lock);
  remember(fd, file, bytes, length, offset);
  ssize_t result = real_pwrite(fd, bytes, length, offset);
  pthread_mutex_unlock(&lock);
  return result;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return pwrite64(fd, bytes, length, offset); }

/* A sync covers what was written before its call, and is worth something only after its return. */
static int sync_file(int (*call)(int), int fd) {
  int file = OTHER;
  if (!below(fd, &file)) return call(fd);
  struct record record = {SYNC, (uint32_t)file, 0, 0, 0, 0};
  pthread_mutex_lock(&lock);
  if (file != OTHER) record.offset = writes[file];
  pthread_mutex_unlock(&lock);
  if (delay > 0) usleep((useconds_t)delay);
  int result = call(fd);
  if (result == 0 && journal >= 0 && file != OTHER && write(journal, &record, sizeof record) != sizeof record) abort();
  return result;
}

int fsync(int fd) { return sync_file(real_fsync, fd); }
int fdatasync(int fd) { return sync_file(real_fdatasync, fd); }
