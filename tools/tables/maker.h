/*
 * maker.h - where the readers of the three sources (table_text.c, access.c, mercury_acl.c) put their results:
 * keys and values of the new table, and problems. One maker belongs to one thread.
 */
#ifndef GATEPOST_TOOLS_TABLES_MAKER_H
#define GATEPOST_TOOLS_TABLES_MAKER_H

#include "table_make.h"

struct table_writer;

struct maker {
    struct table_job *job;
    struct table_writer *writer;
    enum table_kind kind;
    unsigned kind_line; /* where the kind was first seen */
    unsigned line;
    struct text source;  /* the present line; empty after the last */
    int failed;          /* an errno value that ends the work */
    bool reading_failed; /* it came from reading */

    /* Lines of an access file without a tag. They are read last, as entries with a tag come first. */
    char *untagged; /* line number, size, bytes; and so on */
    size_t untagged_size, untagged_cap;
    bool reads_untagged;
};

/* Reports a problem at WHERE, a slice of the line. In a text this is an error. In an imported file the line
 * is left out: a warning for the first with this FORMAT, and a count. */
void maker_problem(struct maker *m, struct text where, const char *format, ...)
    __attribute__((format(__printf__, 3, 4)));

/* Leaves out what the table cannot hold: a warning for the first WHAT ("DISCARD"), and a count. */
void maker_leave_out(struct maker *m, struct text where, const char *what);

/* Adds a key as an administrator writes it; or one that is already canonical, whose place is WHERE. */
void maker_add(struct maker *m, struct text written, struct text value);
void maker_add_canonical(struct maker *m, struct text key, struct text value, struct text where);

/* Returns how many bytes of T, from the front, can be part of a line; T.n if all can. Control characters
 * except the tab cannot, nor invisible characters or those that reverse the direction of writing. Bytes of
 * other character sets can. */
size_t maker_text_size(struct text t);

/* The readers: one line without its end. access_end() and mercury_acl_end() are called once, after the last line. */
void table_text_line(struct maker *m, struct text line);
void access_line(struct maker *m, struct text line);
void access_end(struct maker *m);

struct mercury_acl;
struct mercury_acl *mercury_acl_new(void);
void mercury_acl_line(struct maker *m, struct mercury_acl *acl, struct text line);
void mercury_acl_end(struct maker *m, struct mercury_acl *acl);
void mercury_acl_free(struct mercury_acl *acl);

#endif
