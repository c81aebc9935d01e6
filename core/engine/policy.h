/*
 * policy.h - the rules in force and the tables opened for them: one immutable, counted whole. A session holds
 * the policy it began with; a reload makes a new one that shares what has not changed. Tables are opened at
 * first need.
 */
#ifndef GATEPOST_ENGINE_POLICY_H
#define GATEPOST_ENGINE_POLICY_H

#include "late_log.h"
#include "log_once.h"
#include "core/rules/plugin_checks.h"
#include "core/table/table.h"

/* Where a policy's tables may be copied to, and where lines go; shared by all policies of an engine. */
struct keeping {
    struct os_mutex *mutex; /* guards `once` and the opening of tables and state files */
    struct log_once once;
    const char *dir; /* state directory; NULL: none */
    bool read_only;
    late_log_line *line; /* gets what there is to say, once no lock is held */
    void *line_context;
};

struct policy;

/* Takes over the references to RULES (may be NULL: no rules in force) and CHECKS (may be NULL). K must outlive the policy. BEFORE (may be
 * NULL) lends the tables that have not changed. NULL when out of memory; then both stay the caller's. */
struct policy *policy_new(struct keeping *k, struct block *rules, struct plugin_checks *checks,
                          struct policy *before);
struct policy *policy_ref(struct policy *p);
void policy_unref(struct policy **p);

const struct block *policy_rules(const struct policy *p);

/* What the checks of its plugins were compiled to; NULL if there are none. Good while the policy is held. */
struct plugin_checks *policy_checks(const struct policy *p);

/* The table in a slot of the policy's rules, opened at first need. Returns 1 and the table, good while the policy
 * is held; 0: there is none by intent; -1: there should be one but it cannot be used (logged once per change of
 * its file). Any thread. */
int policy_table(struct policy *p, unsigned slot, struct table **out);

/* Whether the file of an opened table is no more what it was: then a new policy is due. */
bool policy_tables_changed(struct policy *p);

/* Opens anew those tables of BEFORE whose files changed; P was made from it. A table that cannot be opened anew
 * stays as it was. Returns false if one of them cannot be used at all. What there is to say goes to LOG. */
bool policy_renew_tables(struct policy *p, struct policy *before, struct late_log *log);

/* A look-up met damage in the table of a slot: logs it once per change of its file. */
void policy_table_damaged(struct policy *p, unsigned slot);

#endif
