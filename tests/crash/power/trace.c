/* Writes down what a process does to the files of its database: every write, truncation, creation, removal and sync, in the
 * order in which they took effect. Loaded with LD_PRELOAD by the power-loss test, which replays the trace.
 *
 *   VEZA_POWER_DIR    the folder; in it, files whose names begin with "veza.db", but for the shared memory, are followed
 *   VEZA_POWER_TRACE  where the trace goes (opened for appending, so that others can add to it)
 *
 * A record: op, length of the name, two bytes of padding, length of the data (u32), offset (u64), the name, the data. A sync is
 * written down once it is done and before the caller knows; so whatever stands behind it in the trace came after it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 4096
#define NAME 64

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char names[FDS][NAME]; /* by file descriptor; empty = not followed; "." = the folder */
static const char *folder;
static int trace = -1;

static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off64_t);
static int (*real_unlink)(const char *);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);

/* Without a whole trace the test would prove nothing, so the process does not go on. */
static void give_up(const char *why) {
    fprintf(stderr, "power trace: %s: %s\n", why, strerror(errno));
    abort();
}

__attribute__((constructor)) static void begin(void) {
    real_open = dlsym(RTLD_NEXT, "open64");
    real_close = dlsym(RTLD_NEXT, "close");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    const char *to = getenv("VEZA_POWER_TRACE");
    folder = getenv("VEZA_POWER_DIR");
    if (!folder || !to) return;
    trace = real_open(to, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (trace < 0) give_up(to);
}

/* What a path is called in the trace; NULL = not followed. */
static const char *name_of(const char *path) {
    if (trace < 0 || !path) return NULL;
    size_t length = strlen(folder);
    if (strncmp(path, folder, length) != 0) return NULL;
    if (path[length] == 0 || strcmp(path + length, "/") == 0 || strcmp(path + length, "/.") == 0) return ".";
    if (path[length] != '/') return NULL;
    const char *name = path + length + 1;
    if (strncmp(name, "veza.db", 7) != 0 || strcmp(name, "veza.db-shm") == 0 || strlen(name) >= NAME) return NULL;
    return name;
}

static const char *followed(int fd) { return trace >= 0 && fd >= 0 && fd < FDS && names[fd][0] ? names[fd] : NULL; }

static void record(char op, const char *name, const void *data, size_t length, uint64_t offset) {
    struct __attribute__((packed)) {
        uint8_t op, name;
        uint16_t padding;
        uint32_t data;
        uint64_t offset;
    } head = {(uint8_t)op, (uint8_t)strlen(name), 0, (uint32_t)length, offset};
    struct iovec parts[] = {{&head, sizeof head}, {(void *)name, strlen(name)}, {(void *)data, length}};
    ssize_t all = (ssize_t)(sizeof head + strlen(name) + length);
    if (writev(trace, parts, 3) != all) give_up("a record");
}

static int opened(const char *path, int flags, mode_t mode) {
    const char *name = name_of(path);
    if (!name) return real_open(path, flags, mode);
    pthread_mutex_lock(&lock);
    struct stat before;
    int was_there = stat(path, &before) == 0;
    int fd = real_open(path, flags, mode);
    int error = errno;
    if (fd >= FDS) give_up("too many files");
    if (fd >= 0) {
        strcpy(names[fd], name);
        if (!was_there) record('C', name, NULL, 0, 0);
        else if (flags & O_TRUNC) record('T', name, NULL, 0, 0);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return fd;
}

#define OPEN(function)                                     \
    int function(const char *path, int flags, ...) {       \
        mode_t mode = 0;                                   \
        if (flags & (O_CREAT | O_TMPFILE)) {               \
            va_list rest;                                  \
            va_start(rest, flags);                         \
            mode = va_arg(rest, mode_t);                   \
            va_end(rest);                                  \
        }                                                  \
        return opened(path, flags, mode);                  \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    if (followed(fd)) {
        pthread_mutex_lock(&lock);
        names[fd][0] = 0;
        pthread_mutex_unlock(&lock);
    }
    return real_close(fd);
}

static ssize_t written(int fd, const void *data, size_t length, off64_t offset, int at_offset) {
    const char *name = followed(fd);
    if (!name) return at_offset ? real_pwrite(fd, data, length, offset) : real_write(fd, data, length);
    pthread_mutex_lock(&lock);
    if (!at_offset) offset = lseek64(fd, 0, SEEK_CUR);
    ssize_t done = at_offset ? real_pwrite(fd, data, length, offset) : real_write(fd, data, length);
    int error = errno;
    if (done > 0) record('W', name, data, (size_t)done, (uint64_t)offset);
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

ssize_t write(int fd, const void *data, size_t length) { return written(fd, data, length, 0, 0); }
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return written(fd, data, length, offset, 1); }
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) { return written(fd, data, length, offset, 1); }

static int truncated(int fd, off64_t size) {
    const char *name = followed(fd);
    if (!name) return real_ftruncate(fd, size);
    pthread_mutex_lock(&lock);
    int result = real_ftruncate(fd, size);
    int error = errno;
    if (result == 0) record('T', name, NULL, 0, (uint64_t)size);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int ftruncate(int fd, off_t size) { return truncated(fd, size); }
int ftruncate64(int fd, off64_t size) { return truncated(fd, size); }

static int synced(int fd, int (*real)(int)) {
    const char *name = followed(fd);
    if (!name) return real(fd);
    pthread_mutex_lock(&lock);
    int result = real(fd);
    int error = errno;
    if (result == 0) record('S', name, NULL, 0, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int fsync(int fd) { return synced(fd, real_fsync); }
int fdatasync(int fd) { return synced(fd, real_fdatasync); }

int unlink(const char *path) {
    const char *name = name_of(path);
    if (!name) return real_unlink(path);
    pthread_mutex_lock(&lock);
    int result = real_unlink(path);
    int error = errno;
    if (result == 0) record('U', name, NULL, 0, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

/* What SQLite does not do to these files; if it ever does, the trace would lack it. */
static void never(int fd, const char *what) {
    if (followed(fd)) give_up(what);
}

int fallocate64(int fd, int mode, off64_t offset, off64_t length) {
    never(fd, "fallocate");
    int (*real)(int, int, off64_t, off64_t) = dlsym(RTLD_NEXT, "fallocate64");
    return real(fd, mode, offset, length);
}

int posix_fallocate64(int fd, off64_t offset, off64_t length) {
    never(fd, "posix_fallocate");
    int (*real)(int, off64_t, off64_t) = dlsym(RTLD_NEXT, "posix_fallocate64");
    return real(fd, offset, length);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    static ssize_t (*real)(int, const struct iovec *, int);
    if (!real) real = dlsym(RTLD_NEXT, "writev");
    if (fd != trace) never(fd, "writev");
    return real(fd, parts, count);
}

int rename(const char *from, const char *to) {
    if (name_of(from) || name_of(to)) give_up("rename");
    int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
    return real(from, to);
}
