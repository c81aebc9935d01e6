/*
 * policy.h - the rules in force and the tables opened for them: one immutable object, counted as a whole. A
 * session holds the policy that it began with. A reload makes a new policy, which shares what has not changed.
 * Tables are opened when they are first needed.
 */
#ifndef GATEPOST_ENGINE_POLICY_H
#define GATEPOST_ENGINE_POLICY_H

#include "late_log.h"
#include "log_once.h"
#include "core/rules/plugin_checks.h"
#include "core/table/table.h"

/* Where a policy's tables may be copied to, and where log lines go; shared by all policies of an engine. */
struct keeping {
    struct os_mutex *mutex; /* guards `once` and the opening of tables and state files */
    struct log_once once;
    const char *dir; /* state directory; NULL: none */
    bool read_only;
    late_log_line *line; /* gets log lines, for when no lock is held */
    void *line_context;
};

struct policy;

/* Takes over the references to RULES (may be NULL: no rules in force) and CHECKS (may be NULL). K must
 * outlive the policy. BEFORE (may be NULL) lends the tables that have not changed. Returns NULL when out of
 * memory; then the caller keeps both references. */
struct policy *policy_new(struct keeping *k, struct block *rules, struct plugin_checks *checks,
                          struct policy *before);
struct policy *policy_ref(struct policy *p);
void policy_unref(struct policy **p);

const struct block *policy_rules(const struct policy *p);

/* Returns the compiled checks of its plugins; NULL if there are none. Valid while the policy is held. */
struct plugin_checks *policy_checks(const struct policy *p);

/* Returns the table in a slot of the policy's rules, opened when first needed: 1 and the table, valid while
 * the policy is held; 0 if there is none on purpose; -1 if there should be one but it cannot be used (logged
 * once per change of its file). Any thread. */
int policy_table(struct policy *p, unsigned slot, struct table **out);

/* Returns whether the file of an opened table has changed, so that a new policy is needed. */
bool policy_tables_changed(struct policy *p);

/* Opens those tables of BEFORE again whose files have changed; P was made from BEFORE. A table that cannot
 * be opened stays as it was. Returns false if one of them cannot be used at all. Log lines go to LOG. */
bool policy_renew_tables(struct policy *p, struct policy *before, struct late_log *log);

/* Goes on with the copies of tables in the state directory that are not whole yet: a piece of each, so that nobody waits
 * for a large one. By one thread at a time, now and then. */
void policy_copy_tables(struct policy *p);

/* A look-up found damage in the table of a slot: logs it once per change of its file. */
void policy_table_damaged(struct policy *p, unsigned slot);

#endif
