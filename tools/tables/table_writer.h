/*
 * table_writer.h - writes a table (core/table/table.h). Keys come in any order and go straight to the file;
 * only hash, place and line of each stay in memory: 12 bytes, plus the empty places of an open hash table.
 *
 * To find a duplicate, tinycdb's cdb_make would search a list of all keys of the same kind, which takes too
 * long for millions of keys.
 */
#ifndef GATEPOST_TOOLS_TABLES_TABLE_WRITER_H
#define GATEPOST_TOOLS_TABLES_TABLE_WRITER_H

#include "core/base/text.h"

struct table_writer;

/* Returns 0 and *OUT, or an errno value. */
int table_writer_new(const char *path, struct table_writer **out);

/* Adds a canonical key from LINE. *FIRST is 0 if it is new; if it was there before, *FIRST is the line, and
 * *SAME says whether the value was the same; then nothing is added. Returns 0 or an errno value; EFBIG: the
 * file would be larger than 4 GB. */
int table_writer_add(struct table_writer *w, struct text key, struct text value, unsigned line, unsigned *first,
                     bool *same);

uint64_t table_writer_count(const struct table_writer *w);

/* Finishes the file and puts it in its place. Returns 0; or an errno value, and the target is unchanged. W
 * is gone in any case. */
int table_writer_finish(struct table_writer **w);

void table_writer_discard(struct table_writer **w);

#endif
