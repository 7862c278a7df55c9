/* Fails the n-th write or sync of the store's files, as a dying disk does: cc -shared -fPIC -o fail.so fail.c -ldl
   FAIL_OP    write or sync
   FAIL_NTH   which one fails with EIO, from 0; that one alone, or every one from there with FAIL_STAYS set
   FAIL_TORN  half of the write that fails reaches the file
   FAIL_WHEN  nothing is counted before this file exists */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_long counted;

static int is_store(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  char *name = strrchr(path, '/');
  return name && (!strcmp(name, "/journal") || !strcmp(name, "/state.redb"));
}

static int fails(int fd, const char *op) {
  const char *wanted = getenv("FAIL_OP"), *nth = getenv("FAIL_NTH"), *when = getenv("FAIL_WHEN");
  if (!wanted || !nth || strcmp(wanted, op) || !is_store(fd)) return 0;
  if (when && access(when, F_OK)) return 0;
  long at = atomic_fetch_add(&counted, 1), n = atol(nth);
  return at == n || (at > n && getenv("FAIL_STAYS"));
}

ssize_t pwrite64(int fd, const void *from, size_t length, off64_t at) {
  ssize_t (*real)(int, const void *, size_t, off64_t) =
      (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
  if (!fails(fd, "write")) return real(fd, from, length, at);
  if (getenv("FAIL_TORN")) real(fd, from, length / 2, at);
  errno = EIO;
  return -1;
}

ssize_t pwrite(int fd, const void *from, size_t length, off_t at) {
  return pwrite64(fd, from, length, at);
}

static int synced(int fd, const char *name) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  if (!fails(fd, "sync")) return real(fd);
  errno = EIO;
  return -1;
}

int fdatasync(int fd) {
  return synced(fd, "fdatasync");
}

int fsync(int fd) {
  return synced(fd, "fsync");
}
