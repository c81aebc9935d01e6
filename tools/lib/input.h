/*
 * input.h - a whole file, or standard input, in memory.
 */
#ifndef GATEPOST_TOOLS_LIB_INPUT_H
#define GATEPOST_TOOLS_LIB_INPUT_H

#include "core/os/os.h"

struct input {
    struct text bytes;
    struct file_map map;
    char *memory; /* of standard input */
};

/* PATH `-` is standard input. Returns 0, or an errno value. */
int input_open(const char *path, struct input *out);
void input_close(struct input *in);

#endif
