/*
 * table_make.h - `gatepost table make`: a text, a Sendmail or Postfix access file, or a MERCURYS.ACL into a table.
 */
#ifndef GATEPOST_TOOLS_TABLES_TABLE_MAKE_H
#define GATEPOST_TOOLS_TABLES_TABLE_MAKE_H

#include "core/base/error.h"
#include "core/table/table.h"

enum table_source { SOURCE_TEXT, SOURCE_ACCESS, SOURCE_MERCURY_ACL };

enum table_kind {
    KIND_UNKNOWN, /* the first line shows it */
    KIND_EXEMPT,
    KIND_BLOCK,
    KIND_TRAP,
    KIND_SET
};

/* Entries of an imported file that the table cannot hold. */
struct left_out {
    char group[100]; /* entries of one kind */
    char what[100];  /* the first of them, in words */
    uint64_t count;
};

enum { LEFT_OUT_KINDS = 24 };

struct table_job {
    enum table_source source;
    enum table_kind kind;
    const char *in; /* "-" is standard input */
    const char *out;
    struct report *report;

    /* Out: */
    uint64_t count;          /* keys in the table */
    uint64_t both_ways;      /* untagged mailboxes of an access file that became a sender and a recipient */
    uint64_t client_senders; /* untagged domains that became a client and a sender */
    struct left_out left_out[LEFT_OUT_KINDS];
};

/* Returns 0: the table was made; 1: the text has errors, which were reported; -1: reading or writing failed,
 * which was reported. After 1 and -1 the target is unchanged. An imported file has no errors: what is wrong
 * there is left out, reported once for each kind as a warning, and counted. */
int table_make(struct table_job *job);

#endif
