#define _GNU_SOURCE
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void os_begin(void)
{
}

bool os_has_terminal(void)
{
    return isatty(2);
}

void os_wait(int64_t seconds)
{
    struct timespec rest = {.tv_sec = (time_t)seconds};
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR)
        ;
}

int os_create_file(char *path, intptr_t *file)
{
    int fd = mkostemp(path, O_CLOEXEC);
    *file = fd;
    return fd < 0 ? errno : 0;
}

int os_write_at(intptr_t file, uint64_t at, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    while (n) {
        ssize_t done = pwrite((int)file, p, n, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? errno : EIO;
        p += done;
        n -= (size_t)done;
        at += (uint64_t)done;
    }
    return 0;
}

int os_read_at(intptr_t file, uint64_t at, void *bytes, size_t n)
{
    unsigned char *p = bytes;
    while (n) {
        ssize_t got = pread((int)file, p, n, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? errno : EIO;
        p += got;
        n -= (size_t)got;
        at += (uint64_t)got;
    }
    return 0;
}

static int set_mode(int fd, const char *path)
{
    struct stat old;
    if (stat(path, &old) == 0) {
        /* Only root can keep the owner, and a table whose owner changes is no reason to fail. */
        if (fchown(fd, old.st_uid, old.st_gid) != 0 && errno != EPERM)
            return errno;
        return fchmod(fd, old.st_mode & 07777) == 0 ? 0 : errno;
    }
    mode_t mask = umask(0);
    umask(mask);
    return fchmod(fd, 0644 & ~mask) == 0 ? 0 : errno;
}

int os_settle_file(intptr_t file, const char *path)
{
    int error = set_mode((int)file, path);
    return !error && fsync((int)file) != 0 ? errno : error;
}

int os_close_file(intptr_t file)
{
    return close((int)file) == 0 ? 0 : errno;
}

void os_settle_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = strndup(path, slash ? (size_t)(slash - path) + 1 : 0);
    int fd = folder ? open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(folder);
}

/* For the signal handler. The command writes only one file at a time. */
static char *volatile unfinished;

static void remove_unfinished(int number)
{
    if (unfinished)
        unlink(unfinished);
    signal(number, SIG_DFL);
    raise(number);
}

void os_guard_file(char *path)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    unfinished = path;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction old, now = {.sa_handler = path ? remove_unfinished : SIG_DFL};
        sigemptyset(&now.sa_mask);
        /* A signal that was ignored (nohup) stays ignored. */
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(signals[i], &now, NULL);
    }
}

static enum os_kind kind_of(const struct stat *st)
{
    return S_ISREG(st->st_mode) ? OS_FILE : S_ISDIR(st->st_mode) ? OS_FOLDER : OS_OTHER;
}

int os_file_kind(const char *path, bool follow, enum os_kind *out)
{
    struct stat st;
    if ((follow ? stat(path, &st) : lstat(path, &st)) != 0)
        return errno;
    *out = kind_of(&st);
    if (S_ISLNK(st.st_mode) && stat(path, &st) == 0 && S_ISREG(st.st_mode))
        *out = OS_FILE;
    return 0;
}

int os_make_tempdir(char *path, size_t cap)
{
    const char *parent = getenv("TMPDIR");
    int n = snprintf(path, cap, "%s/gatepost-XXXXXX", parent && *parent ? parent : "/tmp");
    if (n < 0 || (size_t)n >= cap)
        return ENAMETOOLONG;
    return mkdtemp(path) ? 0 : errno;
}

void os_remove_folder(const char *path)
{
    rmdir(path);
}
