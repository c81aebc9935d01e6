/*
 * options.h - the command line of gatepost-milter.
 */
#ifndef GATEPOST_MILTER_OPTIONS_H
#define GATEPOST_MILTER_OPTIONS_H

#include <stdbool.h>

#include "listen.h"

enum { EXIT_USAGE = 2, EXIT_CANNOT = 3 };

struct options {
    struct listen_options listen;
    const char *config;
    const char *state_dir; /* NULL: as the rules say */
    const char *library;
    const char *user; /* NULL: stays who it is */
    const char *socket_group;
    const char *pid_file;
    long grace;
    bool tempfail;
    bool daemon;
    bool syslog;
};

/* Fills *O. Returns true to go on; false when the process must end with *STATUS: help or version was shown,
 * or an error was reported. */
bool options_take(struct options *o, int argc, char **argv, int *status);

/* Makes every relative path in *O absolute, for a process that leaves the current folder: config, state
 * folder, engine, pid file and local socket. The new texts are never freed. Returns false, with errno, if
 * the current folder cannot be found or memory is short. */
bool options_make_absolute(struct options *o);

#endif
