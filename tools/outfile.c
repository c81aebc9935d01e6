#define _GNU_SOURCE
#include "outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 1 << 20 };

struct outfile {
    int fd;
    char *path;
    char *beside;
    uint64_t written; /* bytes in the file; those in `buffer` come behind them */
    size_t pending;
    unsigned char buffer[BUFFER];
};

/* For the handler: a file to remove when the command is interrupted. One at a time is all that a command
 * writes. */
static char *volatile unfinished;

static void remove_unfinished(int number)
{
    if (unfinished)
        unlink(unfinished);
    signal(number, SIG_DFL);
    raise(number);
}

static void guard(char *path)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    unfinished = path;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction old, now = {.sa_handler = path ? remove_unfinished : SIG_DFL};
        sigemptyset(&now.sa_mask);
        /* What was ignored (nohup) stays so. */
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(signals[i], &now, NULL);
    }
}

static void release(struct outfile **out)
{
    struct outfile *o = *out;
    *out = NULL;
    guard(NULL);
    if (o->fd >= 0)
        close(o->fd);
    free(o->path);
    free(o->beside);
    free(o);
}

int outfile_open(const char *path, struct outfile **out)
{
    static const char suffix[] = ".new.XXXXXX";
    size_t n = strlen(path);
    struct outfile *o = calloc(1, sizeof *o);
    *out = NULL;
    if (!o)
        return ENOMEM;
    o->fd = -1;
    o->path = malloc(n + 1);
    o->beside = malloc(n + sizeof suffix);
    int error = o->path && o->beside ? 0 : ENOMEM;
    if (!error) {
        memcpy(o->path, path, n + 1);
        memcpy(o->beside, path, n);
        memcpy(o->beside + n, suffix, sizeof suffix);
        o->fd = mkostemp(o->beside, O_CLOEXEC);
        error = o->fd < 0 ? errno : 0;
    }
    if (error) {
        release(&o);
        return error;
    }
    guard(o->beside);
    *out = o;
    return 0;
}

static int write_at(int fd, uint64_t at, const unsigned char *p, size_t n)
{
    while (n) {
        ssize_t done = pwrite(fd, p, n, (off_t)at);
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

static int flush(struct outfile *o)
{
    int error = write_at(o->fd, o->written, o->buffer, o->pending);
    if (!error) {
        o->written += o->pending;
        o->pending = 0;
    }
    return error;
}

int outfile_add(struct outfile *o, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    while (n) {
        if (o->pending == BUFFER) {
            int error = flush(o);
            if (error)
                return error;
        }
        size_t take = n < BUFFER - o->pending ? n : BUFFER - o->pending;
        memcpy(o->buffer + o->pending, p, take);
        o->pending += take;
        p += take;
        n -= take;
    }
    return 0;
}

int outfile_read(struct outfile *o, uint64_t at, void *bytes, size_t n)
{
    unsigned char *p = bytes;
    while (n && at < o->written) {
        size_t want = n < o->written - at ? n : (size_t)(o->written - at);
        ssize_t got = pread(o->fd, p, want, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? errno : EIO;
        p += got;
        n -= (size_t)got;
        at += (uint64_t)got;
    }
    if (n == 0)
        return 0;
    if (at - o->written > o->pending || n > o->pending - (at - o->written))
        return EINVAL;
    memcpy(p, o->buffer + (at - o->written), n);
    return 0;
}

int outfile_overwrite(struct outfile *o, uint64_t at, const void *bytes, size_t n)
{
    int error = flush(o);
    return error ? error : write_at(o->fd, at, bytes, n);
}

uint64_t outfile_size(const struct outfile *o)
{
    return o->written + o->pending;
}

/* A new file may be read by everybody, as far as the umask lets: the MTA, which is another user, must be able
 * to. */
static int set_mode(const struct outfile *o)
{
    struct stat old;
    if (stat(o->path, &old) == 0) {
        /* Only root can keep the owner, and a table that changed hands is no reason to fail. */
        if (fchown(o->fd, old.st_uid, old.st_gid) != 0 && errno != EPERM)
            return errno;
        return fchmod(o->fd, old.st_mode & 07777) == 0 ? 0 : errno;
    }
    mode_t mask = umask(0);
    umask(mask);
    return fchmod(o->fd, 0644 & ~mask) == 0 ? 0 : errno;
}

/* The rename itself must reach the disk too. Not every file system can do that for a folder, and the file is
 * safe without. */
static void sync_folder(const char *path)
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

int outfile_commit(struct outfile **out)
{
    struct outfile *o = *out;
    int error = flush(o);
    if (!error)
        error = set_mode(o);
    if (!error && fsync(o->fd) != 0)
        error = errno;
    if (!error && rename(o->beside, o->path) != 0)
        error = errno;
    if (error) {
        outfile_discard(out);
        return error;
    }
    sync_folder(o->path);
    release(out);
    return 0;
}

void outfile_discard(struct outfile **out)
{
    if (!*out)
        return;
    unlink((*out)->beside);
    release(out);
}
