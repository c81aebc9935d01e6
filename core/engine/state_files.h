/*
 * state_files.h - the state files of the machine (core/state) as one engine uses them. A file is opened when
 * first needed, and opened again when another file has replaced it. A file that was given up stays mapped until
 * the engine is closed, because sessions may still be using it. That happens when an administrator resizes a
 * list or changes its settings, so there are few.
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
    /* Those in force since state_files_forget(): a session that was opened before does not open files by its
     * own settings. Guarded by the mutex of struct keeping. */
    struct settings now;
    bool has_now;
};

/*
 * Returns a file in the directory of K; with MAKE one is made if there is none. Valid as long as the engine.
 * Returns NULL if there is none, or if it cannot be used: then WHY (cap bytes) is not empty. Problems of an
 * existing file are logged once.
 */
void *state_files_get(struct state_files *files, enum state_files_kind which, struct keeping *k,
                      const struct settings *settings, bool make, char *why, size_t cap);

/* Asks the file system whether the files are still those at their paths. Call it once a second at most. */
void state_files_look(struct state_files *files, struct keeping *k);

/* Returns whether files opened under the settings A are right under B. */
bool state_files_serve(const struct settings *a, const struct settings *b);

/* The settings of the files have changed to NOW: the files are opened again. */
void state_files_forget(struct state_files *files, struct keeping *k, const struct settings *now);

void state_files_fini(struct state_files *files);

#endif
