#define _GNU_SOURCE
#include "os.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* No file is written for longer: what is older was left by a process that was killed. */
enum { REMAINS_SECONDS = 3600 };

size_t os_folder_size(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
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

int os_replace(const char *path, const void *bytes, size_t n)
{
    char beside[PATH_MAX];
    int length = snprintf(beside, sizeof beside, "%s.XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof beside)
        return ENAMETOOLONG;
    os_sweep(path, REMAINS_SECONDS);
    int fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0)
        return errno;
    int error = write_all(fd, bytes, n);
    if (!error && fchmod(fd, 0640) != 0)
        error = errno;
    if (!error)
        error = give_to_folder_owner(fd, path);
    if (close(fd) != 0 && !error)
        error = errno;
    if (!error && rename(beside, path) != 0)
        error = errno;
    if (error)
        unlink(beside);
    return error;
}

static int64_t ns_of(const struct timespec *t)
{
    return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

static struct timespec from_ns(int64_t ns)
{
    const int64_t second = 1000000000;
    return (struct timespec){.tv_sec = (time_t)(ns / second), .tv_nsec = (long)(ns % second)};
}

/* Marks the unfinished copy behind FD with the file that it is of: its time of change stands in the time of access. */
static int mark_part(int fd, const struct file_id *id)
{
    return futimens(fd, (struct timespec[2]){from_ns(id->ctime_ns), from_ns(id->mtime_ns)}) == 0 ? 0 : errno;
}

static bool is_part_of(const struct stat *st, const struct file_map *from)
{
    return ns_of(&st->st_mtim) == from->id.mtime_ns && ns_of(&st->st_atim) == from->id.ctime_ns &&
           (uint64_t)st->st_size <= from->size;
}

/* Opens the unfinished copy and locks it. Returns its descriptor; -1 with the errno value in *ERROR, EAGAIN if another
 * works on it. */
static int open_part(const char *part, int *error)
{
    struct stat st = {0}, at_path = {0};
    int fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0640);
    *error = fd < 0 ? errno : 0;
    if (!*error && flock(fd, LOCK_EX | LOCK_NB) != 0)
        *error = errno == EWOULDBLOCK ? EAGAIN : errno;
    if (!*error && (fstat(fd, &st) != 0 || stat(part, &at_path) != 0))
        *error = errno == ENOENT ? EAGAIN : errno;
    /* Meanwhile another may have finished it, and put it in its place. */
    if (!*error && (st.st_ino != at_path.st_ino || st.st_dev != at_path.st_dev))
        *error = EAGAIN;
    if (!*error && (!S_ISREG(st.st_mode) || st.st_nlink != 1))
        *error = EINVAL;
    if (*error && fd >= 0)
        close(fd);
    return *error ? -1 : fd;
}

/* Adds a piece to the copy behind FD, which is begun anew if it is of another file. Returns 0 when all is there, EAGAIN if
 * not yet, or an errno value. */
static int add_piece(int fd, const char *path, const struct file_map *from, size_t piece)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return errno;
    const size_t done = is_part_of(&st, from) ? (size_t)st.st_size : 0;
    if (ftruncate(fd, (off_t)done) != 0 || lseek(fd, (off_t)done, SEEK_SET) < 0)
        return errno;
    const size_t n = from->size - done < piece ? from->size - done : piece;
    int error = write_all(fd, from->p + done, n);
    if (!error)
        error = give_to_folder_owner(fd, path);
    if (!error)
        error = mark_part(fd, &from->id);
    return error ? error : done + n < from->size ? EAGAIN : 0;
}

int os_copy_on(const char *path, const struct file_map *from, size_t piece)
{
    char part[PATH_MAX];
    int error, length = snprintf(part, sizeof part, "%s.part", path);
    if (length < 0 || (size_t)length >= sizeof part)
        return ENAMETOOLONG;
    int fd = open_part(part, &error);
    if (fd < 0)
        return error;
    error = add_piece(fd, path, from, piece);
    if (!error && rename(part, path) != 0)
        error = errno;
    if (error && error != EAGAIN)
        unlink(part);
    if (!error)
        os_sweep(path, REMAINS_SECONDS);
    close(fd);
    return error;
}

/* Whether NAME is BASE with a dot and six letters or digits after it: what mkostemp() made. */
static bool is_remains(const char *name, const char *base)
{
    const size_t n = strlen(base);
    if (strncmp(name, base, n) != 0 || name[n] != '.' || strlen(name + n) != 7)
        return false;
    for (const char *p = name + n + 1; *p; p++)
        if (!is_alnum((unsigned char)*p))
            return false;
    return true;
}

void os_sweep(const char *path, unsigned seconds)
{
    char folder[PATH_MAX];
    const size_t size = os_folder_size(path);
    const struct dirent *entry;
    struct stat st;
    if (snprintf(folder, sizeof folder, "%.*s", size ? (int)size : 1, size ? path : ".") >= (int)sizeof folder)
        return;
    DIR *d = opendir(folder);
    const time_t now = time(NULL);
    while (d && (entry = readdir(d)) != NULL)
        if (is_remains(entry->d_name, path + size) &&
            fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
            now - st.st_ctime >= (time_t)seconds)
            unlinkat(dirfd(d), entry->d_name, 0);
    if (d)
        closedir(d);
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
    os_sweep(path, REMAINS_SECONDS);
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
