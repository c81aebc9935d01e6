#define _GNU_SOURCE
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

static void id_from_stat(const struct stat *st, struct file_id *out)
{
    const int64_t second = 1000000000;
    *out = (struct file_id){
        .device = (uint64_t)st->st_dev,
        .inode = (uint64_t)st->st_ino,
        .size = (uint64_t)st->st_size,
        .mtime_ns = (int64_t)st->st_mtim.tv_sec * second + st->st_mtim.tv_nsec,
        .ctime_ns = (int64_t)st->st_ctim.tv_sec * second + st->st_ctim.tv_nsec,
    };
}

int os_file_id(const char *path, struct file_id *out)
{
    struct stat st;
    *out = (struct file_id){0};
    if (stat(path, &st) != 0)
        return errno;
    id_from_stat(&st, out);
    return 0;
}

/* The bytes of an open file in memory that nobody else can change, for one that somebody else may write. */
static int read_to_memory(int fd, struct file_map *map)
{
    if (map->size == 0)
        return 0;
    unsigned char *p = malloc(map->size);
    if (!p)
        return ENOMEM;
    size_t n = 0;
    while (n < map->size) {
        const ssize_t got = pread(fd, p + n, map->size - n, (off_t)n);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR) {
            const int error = errno;
            free(p);
            return error;
        }
        n += got > 0 ? (size_t)got : 0;
    }
    map->p = map->memory = p;
    map->size = n;
    return 0;
}

static int map_open_file(int fd, bool ahead, bool only_ours, struct file_map *out)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return errno;
    if (!S_ISREG(st.st_mode))
        return EINVAL;
    if ((uint64_t)st.st_size > SIZE_MAX / 2)
        return EFBIG;
    id_from_stat(&st, &out->id);
    out->size = (size_t)st.st_size;
    out->ours = (st.st_uid == 0 || st.st_uid == geteuid()) && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
    if (out->size == 0)
        return 0;
    if (only_ours && !out->ours)
        return read_to_memory(fd, out);
    void *p = mmap(NULL, out->size, PROT_READ, MAP_SHARED | (ahead ? MAP_POPULATE : 0), fd, 0);
    if (p == MAP_FAILED)
        return errno;
    out->p = p;
    return 0;
}

static int map_file(const char *path, bool ahead, bool only_ours, struct file_map *out)
{
    *out = (struct file_map){.p = NULL};
    /* O_NONBLOCK: a FIFO in the place of a file must not hang the MTA. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno;
    int error = map_open_file(fd, ahead, only_ours, out);
    close(fd);
    if (error)
        *out = (struct file_map){.p = NULL};
    return error;
}

int os_map(const char *path, bool ahead, struct file_map *out)
{
    return map_file(path, ahead, false, out);
}

int os_map_ours(const char *path, bool ahead, struct file_map *out)
{
    return map_file(path, ahead, true, out);
}

void os_unmap(struct file_map *map)
{
    if (map->memory)
        free(map->memory);
    else if (map->p)
        munmap((void *)(uintptr_t)map->p, map->size);
    *map = (struct file_map){.p = NULL};
}

static int read_all(int fd, size_t ceiling, char **bytes, size_t *size, struct file_id *id)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return errno;
    if (!S_ISREG(st.st_mode))
        return EINVAL;
    id_from_stat(&st, id);
    if ((uint64_t)st.st_size > ceiling)
        return EFBIG;
    size_t cap = (size_t)st.st_size + 1, n = 0;
    char *p = malloc(cap);
    if (!p)
        return ENOMEM;
    while (n < cap) {
        ssize_t got = read(fd, p + n, cap - n);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR) {
            free(p);
            return errno;
        }
        n += got > 0 ? (size_t)got : 0;
    }
    *bytes = p;
    *size = n;
    return 0;
}

int os_read(const char *path, size_t ceiling, char **bytes, size_t *size, struct file_id *id)
{
    *id = (struct file_id){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno;
    int error = read_all(fd, ceiling, bytes, size, id);
    close(fd);
    return error;
}

int os_share(const char *path, bool write, struct shared_map *out)
{
    struct stat st;
    *out = (struct shared_map){.p = NULL};
    int fd = open(path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0)
        return errno == EISDIR ? EINVAL : errno;
    int error = 0;
    if (fstat(fd, &st) != 0)
        error = errno;
    else if (!S_ISREG(st.st_mode))
        error = EINVAL;
    else if ((uint64_t)st.st_size > SIZE_MAX / 2)
        error = EFBIG;
    if (!error && st.st_size > 0) {
        void *p = mmap(NULL, (size_t)st.st_size, write ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
        if (p == MAP_FAILED)
            error = errno;
        else
            out->p = p;
    }
    close(fd);
    if (!error) {
        id_from_stat(&st, &out->id);
        out->size = (size_t)st.st_size;
    }
    return error;
}

void os_unshare(struct shared_map *map)
{
    if (map->p)
        munmap(map->p, map->size);
    *map = (struct shared_map){.p = NULL};
}

static int open_lock(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd >= 0 || errno != ENOENT)
        return fd;
    int error = os_make(path, 0, "", 0);
    if (error && error != EEXIST) {
        errno = error;
        return -1;
    }
    return open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
}

/*
 * The lock is held for microseconds, so nearly always it is enough to yield and try again. A holder that was
 * interrupted needs the processor that we would use: after that we sleep a fifth of a millisecond at a time.
 * flock() itself has no time limit without a signal.
 */
int os_lock(const char *path, unsigned wait_ms, struct os_lock *out)
{
    const struct timespec moment = {.tv_nsec = 200000};
    out->handle = -1;
    int fd = open_lock(path);
    if (fd < 0)
        return errno;
    int64_t begun = 0;
    for (unsigned tries = 0;; tries++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            break;
        int error = errno;
        int64_t now = os_ticks_ms();
        if (tries == 0)
            begun = now;
        if ((error != EWOULDBLOCK && error != EINTR) || now - begun > (int64_t)wait_ms) {
            close(fd);
            return error == EWOULDBLOCK || error == EINTR ? EAGAIN : error;
        }
        if (tries < 30)
            sched_yield();
        else
            ppoll(NULL, 0, &moment, NULL);
    }
    out->handle = fd;
    return 0;
}

void os_unlock(struct os_lock *lock)
{
    /* A child forked meanwhile by another thread holds the descriptor too, so closing ours would not unlock. */
    flock((int)lock->handle, LOCK_UN);
    close((int)lock->handle);
    lock->handle = -1;
}

int os_random(void *out, size_t n)
{
    ssize_t got;
    do
        got = getrandom(out, n, 0);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)n ? 0 : got < 0 ? errno : EIO;
}

int os_absolute(const char *path, char *out, size_t cap)
{
    int n;
    if (path[0] == '/') {
        n = snprintf(out, cap, "%s", path);
    } else {
        char here[PATH_MAX];
        if (!getcwd(here, sizeof here))
            return errno;
        n = snprintf(out, cap, "%s/%s", here, path);
    }
    return n >= 0 && (size_t)n < cap ? 0 : ENAMETOOLONG;
}

int os_default_config(char *out, size_t cap)
{
    return snprintf(out, cap, "/etc/gatepost/gatepost.conf") < (int)cap ? 0 : ENAMETOOLONG;
}

const char *os_default_state_dir(void)
{
    return "/var/lib/gatepost";
}

int64_t os_clock(void)
{
    return (int64_t)time(NULL);
}

int64_t os_ticks_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

uint64_t os_process(void)
{
    return (uint64_t)getpid();
}

void os_log(const char *line)
{
    /* No openlog(): its settings are the host's. */
    syslog(LOG_MAIL | LOG_NOTICE, "%s", line);
}

bool os_may_pass(int error)
{
    return error == ENOMEM || error == EMFILE || error == ENFILE || error == EIO || error == EINTR;
}

const char *os_reason(int error, char *out, size_t cap)
{
    /* The GNU strerror_r: thread-safe, may return its own constant. */
    const char *reason = strerror_r(error, out, cap);
    if (reason != out)
        snprintf(out, cap, "%s", reason);
    return out;
}

struct os_mutex {
    pthread_mutex_t m;
};

struct os_mutex *os_mutex_new(void)
{
    struct os_mutex *m = malloc(sizeof *m);
    if (m && pthread_mutex_init(&m->m, NULL) != 0) {
        free(m);
        m = NULL;
    }
    return m;
}

void os_mutex_lock(struct os_mutex *m)
{
    pthread_mutex_lock(&m->m);
}

void os_mutex_unlock(struct os_mutex *m)
{
    pthread_mutex_unlock(&m->m);
}

void os_mutex_free(struct os_mutex *m)
{
    if (m) {
        pthread_mutex_destroy(&m->m);
        free(m);
    }
}
