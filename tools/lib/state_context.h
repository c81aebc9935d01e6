/*
 * state_context.h - the state directory of this machine, and the rules for it: for commands that show or change
 * what the engine keeps. One owner, one thread.
 */
#ifndef GATEPOST_TOOLS_LIB_STATE_CONTEXT_H
#define GATEPOST_TOOLS_LIB_STATE_CONTEXT_H

#include "core/config/config.h"

struct state_context {
    char conf[4096];     /* the rule file, as messages show it */
    char dir[4096];      /* the state directory */
    struct block *rules; /* of that file; if it cannot be used, settings with only the defaults */
    const struct settings *settings;
    char why[700]; /* why it could not be used; "" if it can */
};

/*
 * Finds both: the rule file CONFIG, or if that is NULL the one that config_path() finds; the state directory
 * DIR, or if that is NULL the one that the rule file sets. Returns 0; or -1 if there is none, which COMMAND has
 * reported on standard error.
 */
int state_context_find(struct state_context *h, const char *command, const char *config, const char *dir);
void state_context_leave(struct state_context *h);

/* Reports on standard error that WHAT are the defaults, if the rule file could not be used. */
void state_context_say_defaults(const struct state_context *h, const char *command, const char *what);

/* Returns the present time as the engine sees it: a `test-clock` counts. */
int64_t state_context_now(const struct state_context *h);

#endif
