#define _DEFAULT_SOURCE

#include "pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opens the existing file at PATH. Returns a descriptor, or -1 with the reason in WHY. It is checked only
 * when it is open, and so cannot be exchanged any more. */
static int open_former(const char *path, int flags, char *why, size_t cap)
{
    struct stat st;
    /* O_NONBLOCK: not to wait at a FIFO. */
    int fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0) {
        snprintf(why, cap, "%s", errno == ELOOP ? "it is a symbolic link; remove it" : strerror(errno));
        return -1;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1)
        return fd;
    snprintf(why, cap, "it exists and is not a plain file, or has a second name (a hard link); remove it");
    close(fd);
    return -1;
}

bool pid_file_write(const char *path, char *why, size_t cap)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

    if (fd < 0 && errno == EEXIST)
        fd = open_former(path, O_WRONLY, why, cap);
    else if (fd < 0)
        snprintf(why, cap, "%s", strerror(errno));
    if (fd < 0)
        return false;

    bool good = ftruncate(fd, 0) == 0 && dprintf(fd, "%ld\n", (long)getpid()) > 0;
    if (close(fd) != 0)
        good = false;
    if (!good)
        snprintf(why, cap, "%s", strerror(errno));
    return good;
}

void pid_file_remove(const char *path)
{
    char text[24] = "", why[128];
    int fd = open_former(path, O_RDONLY, why, sizeof why);

    if (fd < 0)
        return;
    if (read(fd, text, sizeof text - 1) > 0 && strtol(text, NULL, 10) == (long)getpid())
        unlink(path);
    close(fd);
}
