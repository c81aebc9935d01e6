#define _GNU_SOURCE

#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <libmilter/mfapi.h>

enum {
    BACKLOG = 128,
    DESCRIPTORS_MOST = 4096 /* so many may be open before we start */
};

const char *listen_path(const char *socket)
{
    const char *colon = strchr(socket, ':');
    size_t n = colon ? (size_t)(colon - socket) : 0;
    if (!colon)
        return socket;
    if ((n == 5 && strncasecmp(socket, "local", n) == 0) || (n == 4 && strncasecmp(socket, "unix", n) == 0))
        return colon + 1;
    return NULL;
}

static bool is_inet(const char *socket)
{
    return strncasecmp(socket, "inet:", 5) == 0 || strncasecmp(socket, "inet6:", 6) == 0;
}

/* Whether a program answers at PATH: 1, or 0 with errno. */
static bool answers(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    memcpy(to.sun_path, path, strlen(path));
    bool yes = connect(fd, (struct sockaddr *)&to, sizeof to) == 0;
    int error = errno;
    close(fd);
    errno = error;
    return yes;
}

/* Makes room at PATH: removes a socket on which no program answers. Returns false with the reason in WHY. */
static bool clear_path(const char *path, char *why, size_t cap)
{
    struct stat st;
    if (strlen(path) >= sizeof((struct sockaddr_un *)0)->sun_path) {
        snprintf(why, cap, "%s is too long for a unix socket; choose a shorter path", path);
        return false;
    }
    if (lstat(path, &st) != 0)
        return true; /* if something is wrong with the folder, bind() reports it */
    if (!S_ISSOCK(st.st_mode)) {
        snprintf(why, cap, "%s exists and is not a socket; remove it, or choose another path", path);
        return false;
    }
    if (answers(path)) {
        snprintf(why, cap, "a program answers on %s; stop that filter first, or choose another path", path);
        return false;
    }
    if (errno != ECONNREFUSED) {
        snprintf(why, cap, "cannot find out whether %s is in use: %s", path, strerror(errno));
        return false;
    }
    if (unlink(path) != 0 && errno != ENOENT) {
        snprintf(why, cap, "cannot remove %s, which a filter left behind: %s", path, strerror(errno));
        return false;
    }
    return true;
}

/* Which descriptors are open. */
struct descriptors {
    unsigned char open[DESCRIPTORS_MOST];
};

static void descriptors_note(struct descriptors *d)
{
    for (int fd = 0; fd < DESCRIPTORS_MOST; fd++)
        d->open[fd] = fcntl(fd, F_GETFD) >= 0;
}

/* libmilter does not return the descriptor of its socket: it is the one that accepts connections and was not
 * open BEFORE. A descriptor from a supervisor may accept connections too, and is not ours. */
static int find_listener(const struct descriptors *before)
{
    for (int fd = 0; fd < DESCRIPTORS_MOST; fd++) {
        int accepts = 0;
        socklen_t size = sizeof accepts;
        if (!before->open[fd] && getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) == 0 && accepts)
            return fd;
    }
    return -1;
}

/* So that no reply waits for the acknowledgement of the one before. libmilter does not know of this, but an
 * accepted connection inherits it from the listening socket. */
static void no_delay(int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* Opens the socket through libmilter. Returns its descriptor, or -1 with errno, 0 if only libmilter knows
 * why. */
static int open_by_libmilter(const struct listen_options *o, bool local)
{
    struct descriptors before;
    char *copy = strdup(o->socket);
    descriptors_note(&before);
    /* From the beginning only those may connect who may later. */
    mode_t former = umask(local ? 0777 & ~o->mode : 077);
    errno = 0;
    bool opened = copy && smfi_setconn(copy) == MI_SUCCESS && smfi_setbacklog(BACKLOG) == MI_SUCCESS &&
                  smfi_opensocket(false) == MI_SUCCESS;
    int error = errno;
    umask(former);
    free(copy);
    int fd = opened ? find_listener(&before) : -1;
    errno = error;
    return fd;
}

/* Gives the socket to its user and group. Its folder may belong to that user, who may have replaced the
 * socket meanwhile. So the path is opened, no link followed, and only the open file is checked and given: a
 * socket that belongs to this process and has no second name (a hard link). */
static bool give_away(const struct listen_options *o, struct listener *l)
{
    struct stat st;
    int fd = open(l->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    l->known = fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_nlink == 1 && st.st_uid == geteuid();
    if (l->known) {
        l->device = st.st_dev;
        l->inode = st.st_ino;
    }
    bool good = l->known;
    if (good && (o->owner != (uid_t)-1 || o->group != (gid_t)-1))
        good = fchownat(fd, "", o->owner, o->group, AT_EMPTY_PATH) == 0;
    int error = l->known ? errno : EEXIST;
    close(fd);
    errno = error;
    return good;
}

/* Removes the socket file if it is still the one that was opened. */
static void remove_socket(const struct listener *l)
{
    struct stat st;
    if (l->known && lstat(l->path, &st) == 0 && st.st_dev == l->device && st.st_ino == l->inode)
        unlink(l->path);
}

int listen_open(const struct listen_options *o, struct listener *l, char *why, size_t cap)
{
    *l = (struct listener){.fd = -1, .path = listen_path(o->socket)};
    if (!l->path && !is_inet(o->socket)) {
        snprintf(why, cap, "--socket %s: expected local:/PATH, inet:PORT@HOST or inet6:PORT@HOST", o->socket);
        return -1;
    }
    if (l->path && !clear_path(l->path, why, cap))
        return -1;
    l->fd = open_by_libmilter(o, l->path != NULL);
    if (l->fd < 0) {
        snprintf(why, cap, "cannot listen on %s: %s", o->socket, errno ? strerror(errno) : "libmilter refuses");
        return -1;
    }
    if (!l->path)
        no_delay(l->fd);
    else if (!give_away(o, l)) {
        snprintf(why, cap, "cannot give %s to its user and group: %s", l->path,
                 errno == EEXIST ? "something else was put in its place" : strerror(errno));
        return -1;
    }
    return 0;
}

void listen_close(struct listener *l)
{
    int silent[2];
    if (l->path)
        remove_socket(l);
    /* If the descriptor were merely closed, libmilter would stop as a whole, and all sessions with it. */
    if (pipe(silent) == 0)
        dup2(silent[0], l->fd);
}
