#define _DEFAULT_SOURCE

#include "options.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef GATEPOST_LIBRARY
#define GATEPOST_LIBRARY "/usr/local/lib/gatepost/gatepost.so"
#endif
#define DEFAULT_SOCKET "local:/run/gatepost/milter.sock"
#define DEFAULT_CONFIG "/etc/gatepost/gatepost.conf"

enum { GRACE = 30 }; /* seconds for which SIGTERM waits for sessions */

static const char usage[] =
    "usage: gatepost-milter [OPTION...]\n"
    "\n"
    "Judges mail for Sendmail and Postfix by the rules of gatepost.conf(5), as a milter.\n"
    "\n"
    "  -c, --config FILE         the rules (" DEFAULT_CONFIG ")\n"
    "      --state-dir FOLDER    where the blocklist is kept (as the rules say)\n"
    "  -s, --socket SOCKET       local:/PATH, inet:PORT@HOST or inet6:PORT@HOST\n"
    "                            (" DEFAULT_SOCKET ")\n"
    "      --socket-mode MODE    of a local socket, octal (660)\n"
    "      --socket-group GROUP  who may connect to a local socket\n"
    "  -u, --user USER           run as USER once the socket is open\n"
    "  -d, --daemon              run in the background\n"
    "  -p, --pid-file FILE       write the process id there\n"
    "      --on-error WHAT       pass or tempfail, while no rules are in force (pass)\n"
    "      --grace SECONDS       how long SIGTERM waits for open sessions (30)\n"
    "      --log WHERE           stderr or syslog (stderr; syslog with --daemon)\n"
    "      --library FILE        the engine (" GATEPOST_LIBRARY ")\n"
    "  -V, --version\n"
    "  -h, --help\n"
    "\n"
    "SIGHUP reads the rules again, SIGTERM ends when the open sessions are done.\n"
    "\n"
    "example: gatepost-milter --user gatepost --socket local:/run/gatepost/milter.sock\n";

enum { OPT_STATE_DIR = 256, OPT_SOCKET_MODE, OPT_SOCKET_GROUP, OPT_ON_ERROR, OPT_GRACE, OPT_LOG, OPT_LIBRARY };

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"state-dir", required_argument, NULL, OPT_STATE_DIR},
    {"socket", required_argument, NULL, 's'},
    {"socket-mode", required_argument, NULL, OPT_SOCKET_MODE},
    {"socket-group", required_argument, NULL, OPT_SOCKET_GROUP},
    {"user", required_argument, NULL, 'u'},
    {"daemon", no_argument, NULL, 'd'},
    {"pid-file", required_argument, NULL, 'p'},
    {"on-error", required_argument, NULL, OPT_ON_ERROR},
    {"grace", required_argument, NULL, OPT_GRACE},
    {"log", required_argument, NULL, OPT_LOG},
    {"library", required_argument, NULL, OPT_LIBRARY},
    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int misused(const char *option, const char *value, const char *expected)
{
    fprintf(stderr, "gatepost-milter: --%s %s: expected %s; see gatepost-milter --help\n", option, value,
            expected);
    return EXIT_USAGE;
}

/* A whole number in BASE, or -1. */
static long number(const char *text, int base, long most)
{
    char *end;
    long n = strtol(text, &end, base);

    return *text >= '0' && *text <= '9' && *end == '\0' && n <= most ? n : -1;
}

/* One of two words: 0, 1, or -1 for another one. */
static int choice(const char *text, const char *no, const char *yes)
{
    return strcmp(text, no) == 0 ? 0 : strcmp(text, yes) == 0 ? 1 : -1;
}

static int take_option(struct options *o, int option, const char *value, int *log_where)
{
    long n;
    int c;

    switch (option) {
    case 'c':
        o->config = value;
        return 0;
    case OPT_STATE_DIR:
        o->state_dir = value;
        return 0;
    case 's':
        o->listen.socket = value;
        return 0;
    case OPT_SOCKET_MODE:
        if ((n = number(value, 8, 0777)) < 0)
            return misused("socket-mode", value, "an octal mode such as 660");
        o->listen.mode = (mode_t)n;
        return 0;
    case OPT_SOCKET_GROUP:
        o->socket_group = value;
        return 0;
    case 'u':
        o->user = value;
        return 0;
    case 'd':
        o->daemon = true;
        return 0;
    case 'p':
        o->pid_file = value;
        return 0;
    case OPT_ON_ERROR:
        if ((c = choice(value, "pass", "tempfail")) < 0)
            return misused("on-error", value, "pass or tempfail");
        o->tempfail = c;
        return 0;
    case OPT_GRACE:
        if ((o->grace = number(value, 10, 86400)) < 0)
            return misused("grace", value, "seconds, a day at most");
        return 0;
    case OPT_LOG:
        if ((*log_where = choice(value, "stderr", "syslog")) < 0)
            return misused("log", value, "stderr or syslog");
        return 0;
    case OPT_LIBRARY:
        o->library = value;
        return 0;
    default: /* getopt has reported what is wrong */
        fputs("see gatepost-milter --help\n", stderr);
        return EXIT_USAGE;
    }
}

bool options_take(struct options *o, int argc, char **argv, int *status)
{
    int option, log_where = -1;

    *o = (struct options){.listen = {DEFAULT_SOCKET, 0660, (uid_t)-1, (gid_t)-1},
                          .config = DEFAULT_CONFIG,
                          .library = GATEPOST_LIBRARY,
                          .grace = GRACE};
    *status = 0;
    while ((option = getopt_long(argc, argv, "c:s:u:dp:Vh", long_options, NULL)) != -1) {
        if (option == 'h') {
            fputs(usage, stdout);
            return false;
        }
        if (option == 'V') {
            puts("gatepost-milter " GATEPOST_VERSION);
            return false;
        }
        if ((*status = take_option(o, option, optarg, &log_where)) != 0)
            return false;
    }
    if (optind < argc) {
        fprintf(stderr, "gatepost-milter: unexpected argument '%s'; see gatepost-milter --help\n",
                argv[optind]);
        *status = EXIT_USAGE;
        return false;
    }
    o->syslog = log_where >= 0 ? log_where : o->daemon;
    return true;
}

/* Puts FOLDER and a slash before PATH, and KIND ("local:") before both. Returns NULL when memory is short. */
static char *put_before(const char *kind, size_t kind_size, const char *folder, const char *path)
{
    size_t size = kind_size + strlen(folder) + strlen(path) + 2;
    char *whole = malloc(size);

    if (whole)
        snprintf(whole, size, "%.*s%s/%s", (int)kind_size, kind, folder, path);
    return whole;
}

bool options_make_absolute(struct options *o)
{
    const char **paths[] = {&o->config, &o->state_dir, &o->pid_file, &o->library};
    const char *socket_path = listen_path(o->listen.socket);
    char folder[PATH_MAX];

    if (!getcwd(folder, sizeof folder))
        return false;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        /* A library without a slash is looked for where the system keeps libraries. */
        if (!*paths[i] || **paths[i] == '/' || (paths[i] == &o->library && !strchr(o->library, '/')))
            continue;
        if (!(*paths[i] = put_before("", 0, folder, *paths[i])))
            return false;
    }
    if (socket_path && *socket_path && *socket_path != '/')
        o->listen.socket =
            put_before(o->listen.socket, (size_t)(socket_path - o->listen.socket), folder, socket_path);
    return o->listen.socket != NULL;
}
