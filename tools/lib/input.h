/*
 * input.h - a whole file, or standard input, in memory, in whatever form people keep it: a gzip file is
 * unpacked; a file that is not text is refused with a reason.
 */
#ifndef GATEPOST_TOOLS_LIB_INPUT_H
#define GATEPOST_TOOLS_LIB_INPUT_H

#include "core/os/os.h"

enum { INPUT_CTRL_Z = 0x1A, INPUT_UNPACKED_MAX = 1 << 30 };

struct input {
    struct text bytes;
    struct file_map map;
    char *memory;           /* from standard input, or unpacked */
    const char *unreadable; /* with EILSEQ: why */
};

/* PATH `-` is standard input. Returns 0, or an errno value: EILSEQ if it is not text, EPROTO for a damaged
 * gzip file, EFBIG for one that unpacks to more than INPUT_UNPACKED_MAX. */
int input_open(const char *path, struct input *out);
void input_close(struct input *in);

/* Writes the meaning of an error of input_open() in words. Returns OUT. */
const char *input_reason(const struct input *in, int error, char *out, size_t cap);

/* Returns why a file that begins with these bytes cannot be read as text (UTF-16, or another packer than
 * gzip) and what to do; NULL if it can. */
const char *input_unreadable(struct text beginning);

#endif
