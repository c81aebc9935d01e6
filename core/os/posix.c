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

static int map_open_file(int fd, bool ahead, struct file_map *out)
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
    void *p = mmap(NULL, out->size, PROT_READ, MAP_SHARED | (ahead ? MAP_POPULATE : 0), fd, 0);
    if (p == MAP_FAILED)
        return errno;
    out->p = p;
    return 0;
}

int os_map(const char *path, bool ahead, struct file_map *out)
{
    *out = (struct file_map){.p = NULL};
    /* O_NONBLOCK: a FIFO in place of the file must not hang the MTA. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno;
    int error = map_open_file(fd, ahead, out);
    close(fd);
    if (error)
        *out = (struct file_map){.p = NULL};
    return error;
}

void os_unmap(struct file_map *map)
{
    if (map->p)
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

static int write_all(int fd, const unsigned char *p, size_t n)
{
    while (n) {
        ssize_t written = write(fd, p, n);
        if (written < 0) {
            if (errno == EINTR)
                continue;
            return errno;
        }
        p += written;
        n -= (size_t)written;
    }
    return 0;
}

static int stat_folder_of(const char *path, struct stat *st)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int n = slash ? snprintf(folder, sizeof folder, "%.*s/", (int)(slash - path), path)
                  : snprintf(folder, sizeof folder, ".");
    if (n < 0 || (size_t)n >= sizeof folder)
        return ENAMETOOLONG;
    return stat(folder, st) == 0 ? 0 : errno;
}

/* Root's command may run before the MTA's first session: what it makes must belong to the folder's owner. */
static int give_to_folder_owner(int fd, const char *path)
{
    struct stat st;
    if (geteuid() != 0)
        return 0;
    int error = stat_folder_of(path, &st);
    if (error)
        return error;
    return fchown(fd, st.st_uid, st.st_gid) == 0 ? 0 : errno;
}

static int replace(const char *path, const unsigned char *p, size_t n, const struct file_id *keep_time)
{
    char beside[PATH_MAX];
    int length = snprintf(beside, sizeof beside, "%s.XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof beside)
        return ENAMETOOLONG;
    int fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0)
        return errno;
    int error = write_all(fd, p, n);
    if (!error && fchmod(fd, 0640) != 0)
        error = errno;
    if (!error)
        error = give_to_folder_owner(fd, path);
    if (!error && keep_time) {
        const int64_t second = 1000000000;
        struct timespec t = {.tv_sec = (time_t)(keep_time->mtime_ns / second),
                             .tv_nsec = (long)(keep_time->mtime_ns % second)};
        if (futimens(fd, (struct timespec[2]){t, t}) != 0)
            error = errno;
    }
    if (close(fd) != 0 && !error)
        error = errno;
    if (!error && rename(beside, path) != 0)
        error = errno;
    if (error)
        unlink(beside);
    return error;
}

int os_replace(const char *path, const void *bytes, size_t n)
{
    return replace(path, bytes, n, NULL);
}

int os_replace_with_copy(const char *path, const struct file_map *from)
{
    return replace(path, from->p, from->size, &from->id);
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

static int fill_new_file(int fd, const char *path, uint64_t size, const void *head, size_t n)
{
    struct stat st;
    int error = stat_folder_of(path, &st);
    if (!error && size)
        do
            error = posix_fallocate(fd, 0, (off_t)size);
        while (error == EINTR);
    if (!error)
        error = write_all(fd, head, n);
    if (error)
        return error;
    /* Without privilege we cannot give the file to a group that we are not in, and it may not matter. */
    if (fchown(fd, geteuid() == 0 ? st.st_uid : (uid_t)-1, st.st_gid) != 0 && geteuid() == 0)
        return errno;
    return fchmod(fd, (st.st_mode & 0660) | 0600) == 0 ? 0 : errno;
}

int os_make(const char *path, uint64_t size, const void *head, size_t n)
{
    char beside[PATH_MAX];
    int length = snprintf(beside, sizeof beside, "%s.XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof beside)
        return ENAMETOOLONG;
    if (size > INT64_MAX)
        return EFBIG;
    int fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0)
        return errno;
    int error = fill_new_file(fd, path, size, head, n);
    if (close(fd) != 0 && !error)
        error = errno;
    if (!error && link(beside, path) != 0)
        error = errno;
    unlink(beside);
    return error;
}

int os_rename(const char *from, const char *to)
{
    return rename(from, to) == 0 ? 0 : errno;
}

int os_remove(const char *path)
{
    return unlink(path) == 0 ? 0 : errno;
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

size_t os_folder_size(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
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
