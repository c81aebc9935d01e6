/*
 * engines.h - the engines that a replay needs: one for each rule file, all with one clock. With a state
 * directory they are kept as long as the command runs; without, each dialogue file begins without state. The
 * messages of an engine that cannot be opened are printed; later only its errors are.
 */
#ifndef GATEPOST_TOOLS_REPLAY_ENGINES_H
#define GATEPOST_TOOLS_REPLAY_ENGINES_H

#include "core/gatepost.h"
#include "core/base/text.h"
#include "tools/lib/progress.h"

struct engine {
    char *config; /* NULL: the engine looks for it */
    struct gp_engine *engine;
};

struct engines {
    const struct gp_api *api;
    const char *state_dir; /* NULL: a private one for each dialogue file */
    char scratch[300];     /* that directory; empty while there is none */
    const int64_t *clock;
    struct progress *progress; /* removed from the screen before something is printed */
    struct engine *list;
    size_t n;
    bool opening;
    char *held; /* log lines of an engine that is being opened */
    size_t held_size;
};

/* The members that are pointers must outlive the engines; *E must not move. */
void engines_init(struct engines *e, const struct gp_api *api, const char *state_dir, const int64_t *clock,
                  struct progress *progress);

/* A dialogue file begins. Returns false if no private state directory can be made; the reason has been printed.
 */
bool engines_begin_file(struct engines *e);

/* Returns the engine for CONFIG as the dialogue FILE names it ("-": relative to the working directory); for
 * an empty CONFIG the engine itself finds the rule file. NULL if its rules cannot be used: its errors have
 * been printed. */
struct gp_engine *engines_get(struct engines *e, const char *file, struct text config);

void engines_close(struct engines *e);

#endif
