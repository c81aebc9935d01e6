/*
 * engine.h - opens configuration, tables and state; reloads; shared by all sessions. What sessions see of it:
 * the policy in force, the log, the clock.
 */
#ifndef GATEPOST_ENGINE_ENGINE_H
#define GATEPOST_ENGINE_ENGINE_H

#include "core/gatepost.h"
#include "policy.h"
#include "state_files.h"

/* The policy in force now, counted: to be released with policy_unref(). Looks for changed files, once a second
 * at most. */
struct policy *engine_policy(struct gp_engine *e);

/* One finished line to the host's log, else to the system's. No lock of ours may be held. */
void engine_log(struct gp_engine *e, enum gp_log_level level, const char *line);

/* The same, but only once for the same line, in all processes where the state directory can remember it. */
void engine_log_once(struct gp_engine *e, enum gp_log_level level, const char *line);

/* The same, but for the same WHAT once an hour at most, whatever the line says. */
void engine_log_hourly(struct gp_engine *e, enum gp_log_level level, const char *what, int64_t now,
                       const char *line);

/* A state file, as state_files_get() hands it out: a struct blocklist, sightings or stats. */
void *engine_state_file(struct gp_engine *e, enum state_files_kind which, const struct settings *settings,
                        bool make, char *why, size_t cap);

/* Whether what happens may be written down: there is a state directory, and the engine is not for reading only.
 */
bool engine_keeps_state(const struct gp_engine *e);

/* Seconds since 1970: from `test-clock`, else from the host's clock, else from the system's. */
int64_t engine_now(const struct gp_engine *e, const struct block *rules);

/* Without rules in force: whether sessions get 451. */
bool engine_tempfails(const struct gp_engine *e);

/* Members of struct gp_api; see gatepost.h. */
int engine_open(const struct gp_open_options *options, struct gp_engine **engine, struct gp_error *error);
void engine_close(struct gp_engine **engine);
int engine_refresh(struct gp_engine *engine);

#endif
