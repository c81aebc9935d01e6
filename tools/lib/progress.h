/*
 * progress.h - tells a person at a terminal how far a long job is: one line on standard error, from the second
 * second on, a few times a second at most. Says nothing when standard error is no terminal.
 */
#ifndef GATEPOST_TOOLS_LIB_PROGRESS_H
#define GATEPOST_TOOLS_LIB_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *what; /* "reading in.txt" */
    int64_t started;
    int64_t shown;
    bool wanted;
    bool visible;
};

struct progress progress_start(const char *what);

/* DONE of ALL; ALL is 0 if the end is not known. Cheap enough to call every few thousand steps. */
void progress_show(struct progress *p, uint64_t done, uint64_t all);

/* Removes the line. Call this also before anything else is printed. */
void progress_done(struct progress *p);

#endif
