/*
 * policy.h - the rules in force and the tables opened for them: one immutable, counted whole. A session holds
 * the policy it began with; a reload makes a new one that shares what has not changed. Tables are opened at
 * first need.
 */
#ifndef GATEPOST_ENGINE_POLICY_H
#define GATEPOST_ENGINE_POLICY_H

#include "log_once.h"
#include "core/rules/block.h"
#include "core/table/table.h"

/* Where a policy's tables may be copied to and what has been said; shared by all policies of an engine. */
struct keeping {
    struct os_mutex *mutex; /* guards `once` and the opening of tables */
    struct once once;
    const char *dir; /* state directory; NULL: none */
    bool read_only;
};

/* Lines that are logged once no lock is held any more. */
struct late_log {
    char lines[4096]; /* each a digit, its enum gp_log_level, and the line with a NUL behind it */
    size_t n;
};

/* Keeps a copy of LINE, made printable; one that does not fit is dropped. */
void late_log_add(struct late_log *log, enum gp_log_level level, const char *line);

struct policy;

/* Takes over the reference to RULES (may be NULL: no rules in force). BEFORE (may be NULL) lends the tables
 * that have not changed. NULL when out of memory; then RULES stays the caller's. */
struct policy *policy_new(struct block *rules, struct policy *before);
struct policy *policy_ref(struct policy *p);
void policy_unref(struct policy **p);

const struct block *policy_rules(const struct policy *p);

/* See engine_table(). What is to be said goes to LOG. */
int policy_table(struct policy *p, struct keeping *k, unsigned slot, struct table **out, struct late_log *log);

/* Whether the file of an opened table is no more what it was: then a new policy is due. */
bool policy_tables_changed(struct policy *p, struct keeping *k);

/* Opens anew those tables of BEFORE whose files changed; P was made from it. A table that cannot be opened anew
 * stays as it was. */
bool policy_renew_tables(struct policy *p, struct policy *before, struct keeping *k, struct late_log *log);

/* A look-up met damage in a table: says so once. */
void policy_table_damaged(struct policy *p, struct keeping *k, unsigned slot, struct late_log *log);

#endif
