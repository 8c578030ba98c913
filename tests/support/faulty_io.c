/* Loaded before a program (LD_PRELOAD): counts the calls that change files under FAULTY_FOLDER, and at call number
 * FAULTY_AT does what FAULTY_MODE says: kill (before it), half (of what is written is written, then kill), short (half
 * is written and said, and the next one finds no room), nospace, eio. With FAULTY_LOG each call is told there, so that
 * the disk can be rebuilt as it would be after a power cut; what is written to FAULTY_ACKED is told as acknowledged.
 * FAULTY_COUNT is a file that takes the number of calls when the program ends. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static long calls = 0;
static int no_room_next = 0;
static int log_file = -1;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static const char* folder(void) { return getenv("FAULTY_FOLDER"); }

static int below(const char* path) {
  const char* root = folder();
  return root && path && strncmp(path, root, strlen(root)) == 0;
}

static int path_of(int file, char* path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t length = readlink(link, path, PATH_MAX - 1);
  path[length > 0 ? length : 0] = '\0';
  return below(path);
}

static void tell(const char* what, const char* path, const char* other, long offset, const void* data, size_t size) {
  if (!getenv("FAULTY_LOG")) return;
  if (log_file < 0) log_file = REAL(open)(getenv("FAULTY_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  char head[2 * PATH_MAX + 128];
  const int length = snprintf(head, sizeof head, "%s %zu %ld\n%s\n%s\n", what, size, offset, path, other);
  if (REAL(write)(log_file, head, (size_t)length) < 0 || (size > 0 && REAL(write)(log_file, data, size) < 0)) abort();
}

/* What is to happen at this call: 0 as ever, else a letter. */
static int fault(void) {
  const long now = ++calls;
  const char* at = getenv("FAULTY_AT");
  const char* mode = getenv("FAULTY_MODE");
  if (no_room_next) {
    no_room_next = 0;
    return 'n';
  }
  if (!at || !mode || now != atol(at)) return 0;
  if (mode[0] == 'k') kill(getpid(), SIGKILL);
  return mode[0];
}

static int refused(int letter) {
  if (letter != 'n' && letter != 'e') return 0;
  errno = letter == 'n' ? ENOSPC : EIO;
  return 1;
}

__attribute__((destructor)) static void count(void) {
  const char* name = getenv("FAULTY_COUNT");
  if (!name) return;
  FILE* file = fopen(name, "w");
  if (!file) return;
  fprintf(file, "%ld\n", calls);
  fclose(file);
}

static long position(int file, long offset) {
  if (offset >= 0) return offset;
  struct stat facts;
  if ((fcntl(file, F_GETFL) & O_APPEND) && fstat(file, &facts) == 0) return (long)facts.st_size;
  return (long)lseek(file, 0, SEEK_CUR);
}

static ssize_t put(int file, const void* data, size_t size, long offset) {
  return offset < 0 ? REAL(write)(file, data, size) : REAL(pwrite)(file, data, size, offset);
}

static ssize_t written(int file, const void* data, size_t size, long offset) {
  char path[PATH_MAX];
  if (!path_of(file, path)) {
    const char* acked = getenv("FAULTY_ACKED");
    if (acked && strcmp(acked, path) == 0) tell("ack", path, "", 0, data, size);
    return put(file, data, size, offset);
  }
  const int letter = fault();
  if (refused(letter)) return -1;
  if (letter == 'h' || letter == 's') size = size / 2;
  const long at = position(file, offset);
  const ssize_t done = size > 0 || letter == 0 ? put(file, data, size, offset) : 0;
  if (letter == 'h') kill(getpid(), SIGKILL);
  no_room_next = letter == 's';
  if (done > 0) tell("write", path, "", at, data, (size_t)done);
  if (letter == 's' && done == 0) {
    no_room_next = 0;
    errno = ENOSPC;
    return -1;
  }
  return done;
}

ssize_t write(int file, const void* data, size_t size) { return written(file, data, size, -1); }
ssize_t pwrite(int file, const void* data, size_t size, off_t offset) { return written(file, data, size, offset); }
ssize_t pwrite64(int file, const void* data, size_t size, off64_t offset) { return written(file, data, size, offset); }

static int synced(int file, int (*real)(int)) {
  char path[PATH_MAX];
  if (!path_of(file, path)) return real(file);
  if (refused(fault())) return -1;
  const int result = real(file);
  if (result == 0) tell("sync", path, "", 0, NULL, 0);
  return result;
}

int fsync(int file) { return synced(file, REAL(fsync)); }
int fdatasync(int file) { return synced(file, REAL(fdatasync)); }

static int cut(int file, long size) {
  char path[PATH_MAX];
  if (!path_of(file, path)) return REAL(ftruncate)(file, size);
  if (refused(fault())) return -1;
  const int result = REAL(ftruncate)(file, size);
  if (result == 0) tell("cut", path, "", size, NULL, 0);
  return result;
}

int ftruncate(int file, off_t size) { return cut(file, size); }
int ftruncate64(int file, off64_t size) { return cut(file, size); }

int rename(const char* from, const char* to) {
  if (!below(to)) return REAL(rename)(from, to);
  if (refused(fault())) return -1;
  const int result = REAL(rename)(from, to);
  if (result == 0) tell("rename", from, to, 0, NULL, 0);
  return result;
}

int mkdir(const char* path, mode_t mode) {
  if (!below(path)) return REAL(mkdir)(path, mode);
  return refused(fault()) ? -1 : REAL(mkdir)(path, mode);
}

static int gone(const char* path, int (*real)(const char*)) {
  if (!below(path)) return real(path);
  if (refused(fault())) return -1;
  const int result = real(path);
  if (result == 0) tell("unlink", path, "", 0, NULL, 0);
  return result;
}

int unlink(const char* path) { return gone(path, REAL(unlink)); }
int remove(const char* path) { return gone(path, REAL(remove)); }

static int opened(const char* path, int flags, mode_t mode) {
  const int makes = below(path) && (flags & O_ACCMODE) != O_RDONLY && (flags & (O_CREAT | O_TRUNC));
  if (!makes) return REAL(open)(path, flags, mode);
  if (refused(fault())) return -1;
  const int there = access(path, F_OK) == 0;
  const int file = REAL(open)(path, flags, mode);
  if (file >= 0 && !there) tell("create", path, "", 0, NULL, 0);
  if (file >= 0 && there && (flags & O_TRUNC)) tell("cut", path, "", 0, NULL, 0);
  return file;
}

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = va_arg(more, mode_t);
  va_end(more);
  return opened(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = va_arg(more, mode_t);
  va_end(more);
  return opened(path, flags, mode);
}
