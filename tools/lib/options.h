/*
 * options.h - the options of a subcommand as a table with one row for each. What they have in common is here:
 * --help, numbers, times, choices, complaints, exit statuses. One thread, because getopt() has only one state.
 */
#ifndef GATEPOST_TOOLS_LIB_OPTIONS_H
#define GATEPOST_TOOLS_LIB_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One option. Exactly one of the pointers is set: it gives the kind of value and where it goes. */
struct option_row {
    char letter;      /* 'c' for -c; 0: there is only the long name */
    const char *name; /* "config" for --config */
    bool *flag;
    const char **text;
    uint64_t *number; /* from LEAST to MOST */
    uint64_t least, most;
    uint32_t *span;   /* "90s", "1h": seconds, never 0 */
    int64_t *moment;  /* "2003-07-24T01:11:45-07:00": seconds since 1970 */
    unsigned *choice; /* index of the value in WORDS, a list that ends in NULL */
    const char *const *words;
};

struct options {
    const char *command; /* "gatepost stats": messages begin with it */
    const char *help;    /* its first paragraph shows the usage */
    const struct option_row *rows;
    size_t count;
    int least, most; /* words that are not options */
};

enum { OPTIONS_MOST = 24, OPTIONS_GO_ON = -1 };

/* Reads the options in ARGV[1] and after, and sets *WORDS to the other words, ending in NULL. Returns
 * OPTIONS_GO_ON; or an exit status if help or a complaint was printed. --help needs no row. */
int options_read(const struct options *o, int argc, char **argv, char ***words);

/* Prints "COMMAND: " and the message on standard error, and how to get help. Returns STATUS_USAGE. */
int options_complain(const char *command, const char *format, ...) __attribute__((format(__printf__, 2, 3)));

/* ARGV[1] is not a verb of a subcommand that has verbs. Prints OVERVIEW and returns the exit status. */
int options_show_verbs(const char *overview, int argc, char **argv);

#endif
