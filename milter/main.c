/*
 * main.c - the daemon gatepost-milter: options, the engine from gatepost.so, socket, privileges, signals.
 * milter.c connects MTA and engine.
 */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <libmilter/mfapi.h>

#include "filter.h"
#include "listen.h"
#include "options.h"
#include "pid_file.h"

static struct process {
    struct options options;
    struct filter filter;
    struct listener listener;
    bool pid_written;
    int ready; /* where the parent of a daemon waits for us; -1: there is none */
} self = {.listener.fd = -1, .ready = -1};

/* ---- log ---- */

static void log_line(void *context, uint32_t level, const char *line, size_t n)
{
    static const int priority[] = {LOG_ERR, LOG_WARNING, LOG_NOTICE};

    (void)context;
    if (self.options.syslog)
        syslog(priority[level <= GP_LOG_NOTICE ? level : GP_LOG_NOTICE], "%.*s", (int)n, line);
    else
        fprintf(stderr, "%.*s\n", (int)n, line);
}

static void say(uint32_t level, const char *line)
{
    log_line(NULL, level, line, strlen(line));
}

__attribute__((format(printf, 2, 3))) static void sayf(uint32_t level, const char *format, ...)
{
    char line[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    say(level, line);
}

/* Reports why this process does not start, for a person at a terminal; also in the log if standard error is
 * not seen. */
__attribute__((format(printf, 1, 2))) static int cannot(const char *format, ...)
{
    char line[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fprintf(stderr, "gatepost-milter: %s\n", line);
    if (self.options.syslog)
        syslog(LOG_ERR, "%s", line);
    return EXIT_CANNOT;
}

/* ---- readiness ---- */

/* Notifies the service manager (sd_notify(3)), if one started this process. */
static void notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t n = path ? strlen(path) : 0;
    int fd;

    if (n == 0 || n >= sizeof to.sun_path || (fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
        return;
    memcpy(to.sun_path, path, n);
    if (to.sun_path[0] == '@')
        to.sun_path[0] = '\0';
    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
    close(fd);
}

/* ---- into the background ---- */

/* The parent stays until the child says that it is ready, and ends with its status. Returns only in the child,
 * or with a status if there is no child. */
static int go_into_background(void)
{
    int ready[2];
    unsigned char status = EXIT_CANNOT;
    pid_t child;

    if (pipe2(ready, O_CLOEXEC) != 0 || (child = fork()) < 0)
        return cannot("cannot run in the background: %s", strerror(errno));
    if (child == 0) {
        close(ready[0]);
        self.ready = ready[1];
        setsid();
        return 0;
    }
    close(ready[1]);
    if (read(ready[0], &status, 1) != 1)
        status = EXIT_CANNOT;
    _exit(status);
}

static void leave_terminal(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    unsigned char good = 0;

    if (self.ready < 0)
        return;
    if (null >= 0)
        for (int fd = 0; fd < 3; fd++)
            dup2(null, fd);
    if (chdir("/") != 0 || write(self.ready, &good, 1) != 1)
        say(GP_LOG_WARNING, "gatepost-milter: the process that started this one is gone");
    close(self.ready);
    self.ready = -1;
}

/* ---- privileges ---- */

/* Only the one that is ours. */
static void remove_pid_file(void)
{
    if (self.pid_written)
        pid_file_remove(self.options.pid_file);
}

/* Looks up user and group before anything is opened. */
static int find_names(struct options *o, const struct passwd **user)
{
    const struct group *group;

    *user = NULL;
    if (o->socket_group) {
        if (!(group = getgrnam(o->socket_group)))
            return cannot("--socket-group %s: there is no such group", o->socket_group);
        o->listen.group = group->gr_gid;
    }
    if (o->user) {
        if (!(*user = getpwnam(o->user)))
            return cannot("--user %s: there is no such user; make one with 'useradd --system %s'", o->user,
                          o->user);
        if (getuid() == 0) {
            o->listen.owner = (*user)->pw_uid;
            if (!o->socket_group)
                o->listen.group = (*user)->pw_gid;
        } else if ((*user)->pw_uid != getuid()) {
            return cannot("--user %s: only root can become another user", o->user);
        }
    }
    return 0;
}

static int drop_privileges(const struct passwd *user)
{
    if (!user || getuid() != 0)
        return 0;
    if (initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
        return cannot("cannot become user %s: %s", user->pw_name, strerror(errno));
    return 0;
}

/* ---- the engine ---- */

static int open_engine(struct filter *filter)
{
    const struct options *o = &self.options;
    struct gp_host host = {.size = sizeof host, .log = log_line};
    struct gp_open_options open = {.size = sizeof open,
                                   .flags = GP_CAN_HOLD | (o->tempfail ? GP_TEMPFAIL : 0),
                                   .host = &host,
                                   .config = o->config,
                                   .state_dir = o->state_dir};
    struct gp_error error = {.size = sizeof error};
    const struct gp_api *(*api)(uint32_t major);
    void *library = dlopen(o->library, RTLD_NOW | RTLD_LOCAL);

    if (!library)
        return cannot("cannot load the engine: %s; --library says where it is", dlerror());
    /* POSIX requires that a function's address fits a void pointer; C has no cast for it. */
    *(void **)&api = dlsym(library, "gatepost_api");
    if (!api || !(filter->api = api(GP_API_MAJOR)))
        return cannot("%s is not an engine for this gatepost-milter (%s)", o->library,
                      api ? "another major version" : "it has no gatepost_api");
    filter->log = log_line;
    filter->tempfail = o->tempfail;
    filter->local = listen_path(o->listen.socket) != NULL;
    if (filter->api->engine_open(&open, &filter->engine, &error) < 0)
        return cannot("cannot open the engine: %s", error.message);
    return 0; /* without rules, too: mail goes on as --on-error says, and the log has the reason */
}

/* ---- signals ---- */

static void reload(void)
{
    int result = self.filter.api->engine_refresh(self.filter.engine);

    if (result == 0)
        say(GP_LOG_NOTICE, "gatepost-milter: SIGHUP: rules and tables have not changed");
}

static int64_t seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* Stops accepting connections, waits for the open ones, and ends the process. A second SIGTERM, or SIGINT,
 * does not wait. libmilter's own way would leave open sessions without an answer. The engine is not closed,
 * because a connection that was just accepted may be about to use it. */
static void finish(const sigset_t *signals, int got)
{
    const struct timespec a_while = {.tv_nsec = 50000000};
    const int64_t until = seconds() + (got == SIGTERM ? self.options.grace : 0);
    unsigned open;

    notify("STOPPING=1");
    listen_close(&self.listener);
    sayf(GP_LOG_NOTICE, "gatepost-milter: accepting no more connections; %u sessions are open",
         filter_connections());
    do
        got = sigtimedwait(signals, NULL, &a_while);
    while ((open = filter_connections()) > 0 && seconds() < until && got != SIGTERM && got != SIGINT);
    if (open)
        sayf(GP_LOG_WARNING,
             "gatepost-milter: ending with %u open sessions; the MTA continues without the filter", open);
    remove_pid_file();
    say(GP_LOG_NOTICE, "gatepost-milter: ended");
    exit(0);
}

/* libmilter has a thread that calls sigwait() for SIGHUP, SIGTERM and SIGINT, and on each of them stops the
 * whole filter. This cannot be prevented: if two threads wait for one signal, either may get it. So our
 * sigwait() replaces the C library's, and that thread of libmilter runs our code. */
GP_EXPORT int sigwait(const sigset_t *restrict signals, int *restrict got)
{
    for (;;) {
        *got = sigwaitinfo(signals, NULL);
        if (*got == SIGHUP)
            reload();
        else if (*got == SIGTERM || *got == SIGINT)
            finish(signals, *got);
        else if (*got > 0)
            return 0;
        else if (errno != EINTR)
            return errno;
    }
}

/* Before there is a thread: all inherit it. */
static void block_signals(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* A connection is a descriptor, so the soft limit is raised: an administrator did not set it for this. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* ---- */

static int start(struct options *o)
{
    char why[512];
    const struct passwd *user;
    int status;

    openlog("gatepost-milter", LOG_PID | (o->syslog ? 0 : LOG_PERROR), LOG_MAIL);
    if ((status = find_names(o, &user)) != 0)
        return status;
    /* A daemon leaves its folder. */
    if (o->daemon && !options_make_absolute(o))
        return cannot("cannot find the current folder: %s; use absolute paths", strerror(errno));
    if (o->daemon && (status = go_into_background()) != 0)
        return status;
    block_signals();
    raise_limit();
    if (filter_register(&self.filter) != 0)
        return cannot("libmilter does not accept this filter: it is another version");
    if (listen_open(&o->listen, &self.listener, why, sizeof why) != 0)
        return cannot("%s", why);
    if (o->pid_file && !(self.pid_written = pid_file_write(o->pid_file, why, sizeof why)))
        return cannot("cannot write %s: %s", o->pid_file, why);
    if ((status = drop_privileges(user)) != 0 || (status = open_engine(&self.filter)) != 0)
        return status;
    if (getuid() == 0)
        say(GP_LOG_WARNING, "gatepost-milter: running as root; use --user to run as another user");
    return 0;
}

int main(int argc, char **argv)
{
    int status;

    if (!options_take(&self.options, argc, argv, &status))
        return status;
    if ((status = start(&self.options)) != 0) {
        if (self.listener.fd >= 0) {
            listen_close(&self.listener);
            remove_pid_file();
        }
        return status;
    }
    sayf(GP_LOG_NOTICE, "gatepost-milter: version %s, engine %s, listens on %s", GATEPOST_VERSION,
         self.filter.api->version, self.options.listen.socket);
    leave_terminal();
    notify("READY=1");
    if (smfi_main() != MI_SUCCESS)
        status = cannot("libmilter has stopped; its own log lines say why");
    remove_pid_file();
    return status;
}
