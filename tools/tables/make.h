/*
 * make.h - `gatepost table make`: text into a table. Every source has a reader that takes its lines apart
 * and adds keys through the struct maker; what is wrong goes to a report, and a file with an error makes no
 * table.
 */
#ifndef GATEPOST_TOOLS_TABLES_MAKE_H
#define GATEPOST_TOOLS_TABLES_MAKE_H

#include "core/base/error.h"
#include "core/table/table.h"

enum table_source { SOURCE_TEXT, SOURCE_ACCESS, SOURCE_MERCURY_ACL };

enum table_kind {
    KIND_UNKNOWN, /* to be seen from the first line */
    KIND_EXEMPT,
    KIND_BLOCK,
    KIND_TRAP,
    KIND_SET
};

/* What a source had that its table cannot hold, by name: "DISCARD", 3. */
struct left_out {
    char what[32];
    uint64_t count;
};

enum { LEFT_OUT_KINDS = 12 };

struct table_job {
    enum table_source source;
    enum table_kind kind;
    const char *in; /* "-" is standard input */
    const char *out;
    struct report *report;

    uint64_t count; /* out: keys in the table */
    struct left_out left_out[LEFT_OUT_KINDS];
};

/* Returns 0: the table is there; 1: the text has errors, which were reported; or -1: the error is of reading or
 * writing, and was reported. In the last two cases the target is as it was. */
int table_make(struct table_job *job);

/* What follows is for the readers. */

struct table_writer;

struct maker {
    struct table_job *job;
    struct table_writer *writer;
    enum table_kind kind;
    unsigned kind_line; /* where the kind was first seen */
    unsigned line;
    struct text source; /* the line being read; empty when it is gone */
    int failed;         /* an errno value that ends the work */
};

/* Reports a problem at WHERE, a slice of the line being read. */
void maker_problem(struct maker *m, struct text where, const char *format, ...)
    __attribute__((format(__printf__, 3, 4)));

/* Adds what an administrator wrote as key; the second one a key that is canonical already. */
void maker_add(struct maker *m, struct text written, struct text value);
void maker_add_canonical(struct maker *m, struct text key, struct text value, struct text where);

/* Counts something that the table cannot hold. */
void maker_leave_out(struct maker *m, const char *what);

/* The readers: one line without its end. `end` is called once, after the last. */
void text_line(struct maker *m, struct text line);
void access_line(struct maker *m, struct text line);

struct acl;
struct acl *acl_new(void);
void acl_line(struct maker *m, struct acl *acl, struct text line);
void acl_end(struct maker *m, struct acl *acl);
void acl_free(struct acl *acl);

/* Takes the first word (up to a blank) off *REST, and the blanks behind it. */
struct text take_word(struct text *rest);

#endif
