/*
 * outfile.h - a file that appears as a whole or not at all: it is written beside its target, brought to the
 * disk, then renamed over it. Before that, what was written can be read back and overwritten. If the command is
 * interrupted, no file is left behind.
 */
#ifndef GATEPOST_TOOLS_LIB_OUTFILE_H
#define GATEPOST_TOOLS_LIB_OUTFILE_H

#include <stddef.h>
#include <stdint.h>

struct outfile;

/* Returns 0 and *OUT, or an errno value. */
int outfile_open(const char *path, struct outfile **out);

/* Each returns 0 or an errno value. */
int outfile_add(struct outfile *o, const void *bytes, size_t n);
int outfile_read(struct outfile *o, uint64_t at, void *bytes, size_t n);
int outfile_overwrite(struct outfile *o, uint64_t at, const void *bytes, size_t n);

uint64_t outfile_size(const struct outfile *o);

/* Puts the file in its place, with the mode of the one it replaces. O is gone afterwards in any case; on
 * failure the target is unchanged. */
int outfile_commit(struct outfile **o);

void outfile_discard(struct outfile **o);

#endif
