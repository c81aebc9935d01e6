/*
 * rule_source.h - where an engine gets its rules from: the rule file, which is read first and again whenever
 * one of its files has changed, and the image of the last good rules in the state directory. Used by one thread
 * at a time, the one that opens the engine or reloads.
 */
#ifndef GATEPOST_ENGINE_RULE_SOURCE_H
#define GATEPOST_ENGINE_RULE_SOURCE_H

#include "policy.h"
#include "core/config/config.h"

enum { PATH_MOST = 4096 };

/* The problems of one attempt to read the rules: the first as an error, all as log lines. */
struct attempt {
    struct late_log log;
    struct error first;
    bool more; /* not all fitted into the log */
};

void rule_source_attempt(struct attempt *a);

/* Zero it, set the first three, then rule_source_find(). */
struct rule_source {
    const struct gp_check_host *check_host;
    struct keeping *keeping; /* gets its `dir` here */
    char config[PATH_MOST];  /* the rule file, absolute */
    struct watch_list watch; /* the files of the last attempt */
    struct block *found;     /* an image that was found while looking for the state directory */
    bool announce;           /* log the first attempt, whatever was logged before */
    bool watch_is_image;     /* the rules came from an image, so its own list of files must be watched */
    char state_dir[PATH_MOST];
    char image[PATH_MOST + 64];
};

/* Finds the state directory, which is needed before the rules are read, because the image is in it.
 * STATE_DIR: what the host wants, or NULL. */
void rule_source_find(struct rule_source *s, const char *state_dir);

/* Called first: tries image, rule file, last good image. Returns rules, or NULL if there are none: then the
 * log says that every message gets 451 (TEMPFAIL) or passes. *CHECKS gets the compiled checks of their
 * plugins, a reference for the caller (NULL: none). */
struct block *rule_source_first(struct rule_source *s, bool tempfail, struct attempt *a,
                                struct plugin_checks **checks);

/* Returns whether there is something to read again. IN_FORCE: the present rules, or NULL. */
bool rule_source_changed(const struct rule_source *s, const struct block *in_force);

/* Reads the rule file again. Returns the rules and their *CHECKS, or NULL if the rules IN_FORCE, if any,
 * must stay. */
struct block *rule_source_again(struct rule_source *s, const struct block *in_force, struct attempt *a,
                                struct plugin_checks **checks);

/* Makes the next look read the files, whether they have changed or not. */
void rule_source_retry(struct rule_source *s);

void rule_source_fini(struct rule_source *s);

#endif
