/*
 * engine.h - opens configuration, tables and state, and reloads them; shared by all sessions. Sessions use it
 * for the policy in force, the log and the clock.
 */
#ifndef GATEPOST_ENGINE_ENGINE_H
#define GATEPOST_ENGINE_ENGINE_H

#include "core/gatepost.h"
#include "policy.h"
#include "state_files.h"

/* Returns the policy in force now, with a reference for the caller: release it with policy_unref(). Looks
 * for changed files, once a second at most. */
struct policy *engine_policy(struct gp_engine *e);

/* Writes one finished line to the host's log, or else to the system's. The caller must hold no lock. */
void engine_log(struct gp_engine *e, enum gp_log_level level, const char *line);

/* The same, but only once for the same line; once for all processes if the state directory can remember it. */
void engine_log_once(struct gp_engine *e, enum gp_log_level level, const char *line);

/* The same, but at most once an hour for the same WHAT, whatever the line is. */
void engine_log_hourly(struct gp_engine *e, enum gp_log_level level, const char *what, int64_t now,
                       const char *line);

/* Returns a state file as state_files_get() does: a struct blocklist, sightings or stats. */
void *engine_state_file(struct gp_engine *e, enum state_files_kind which, const struct settings *settings,
                        bool make, char *why, size_t cap);

/* Returns whether events may be written down: there is a state directory, and the engine is not read-only. */
bool engine_keeps_state(const struct gp_engine *e);

/* Returns seconds since 1970: from `test-clock`, else from the host's clock, else from the system's. */
int64_t engine_now(const struct gp_engine *e, const struct block *rules);

/* Returns whether sessions get 451 while no rules are in force. */
bool engine_tempfails(const struct gp_engine *e);

/* Whether the host accepts the recipient of a `hold` and refuses the message at its end (GP_CAN_HOLD). */
bool engine_can_hold(const struct gp_engine *e);

/* Members of struct gp_api; see gatepost.h. */
int engine_open(const struct gp_open_options *options, struct gp_engine **engine, struct gp_error *error);
void engine_close(struct gp_engine **engine);
int engine_refresh(struct gp_engine *engine);

#endif
