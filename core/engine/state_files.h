/*
 * state_files.h - what was seen: the state files of the machine (core/state) as one engine uses them. A file is opened
 * at first need, and anew when another has taken its place. One that was given up stays mapped until the engine
 * is closed, for sessions may still be looking at it; that happens when an administrator resizes a list or
 * changes the settings that govern it, so there are few.
 */
#ifndef GATEPOST_ENGINE_STATE_FILES_H
#define GATEPOST_ENGINE_STATE_FILES_H

#include "policy.h"

enum state_files_kind { STATE_FILES_BLOCKLIST, STATE_FILES_SIGHTINGS, STATE_FILES_STATS, STATE_FILES_COUNT };

struct retired;

struct state_files {
    _Atomic(void *)
        file[STATE_FILES_COUNT]; /* struct blocklist, sightings, stats; each begins with a state_file */
    struct retired *retired;
    /* Those in force since state_files_forget(): a session that was opened before opens no file by its own. Guarded by
     * the mutex of struct keeping. */
    struct settings now;
    bool has_now;
};

/*
 * A file in the directory of K; with MAKE one is made if there is none. Good as long as the engine. NULL if
 * there is none, or if it cannot be used: then WHY (cap bytes) is not empty. Problems of a file that is there
 * are logged once.
 */
void *state_files_get(struct state_files *files, enum state_files_kind which, struct keeping *k,
                      const struct settings *settings, bool make, char *why, size_t cap);

/* Asks the file system whether the files are still those at their paths. Once a second at most. */
void state_files_look(struct state_files *files, struct keeping *k);

/* Whether files that were opened under the settings A are right under B. */
bool state_files_serve(const struct settings *a, const struct settings *b);

/* The settings that govern the files have changed to NOW: they are opened anew. */
void state_files_forget(struct state_files *files, struct keeping *k, const struct settings *now);

void state_files_fini(struct state_files *files);

#endif
