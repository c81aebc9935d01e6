#include "input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int read_all(FILE *file, struct input *out)
{
    size_t cap = 0;
    size_t n = 0;
    char *p = NULL;
    for (;;) {
        if (n == cap) {
            size_t more = cap ? cap * 2 : 65536;
            char *grown = more > cap ? realloc(p, more) : NULL;
            if (!grown) {
                free(p);
                return ENOMEM;
            }
            p = grown;
            cap = more;
        }
        size_t got = fread(p + n, 1, cap - n, file);
        n += got;
        if (!got)
            break;
    }
    if (ferror(file)) {
        free(p);
        return EIO;
    }
    out->memory = p;
    out->bytes = text_of(p, n);
    return 0;
}

int input_open(const char *path, struct input *out)
{
    *out = (struct input){0};
    if (strcmp(path, "-") == 0)
        return read_all(stdin, out);
    int error = os_map(path, false, &out->map);
    if (error == EINVAL) { /* a pipe cannot be mapped, but read */
        FILE *file = fopen(path, "rb");
        if (!file)
            return errno;
        error = read_all(file, out);
        fclose(file);
        return error;
    }
    if (error == 0)
        out->bytes = out->map.size ? text_of((const char *)out->map.p, out->map.size) : TEXT("");
    return error;
}

void input_close(struct input *in)
{
    free(in->memory);
    if (in->map.p)
        os_unmap(&in->map);
    *in = (struct input){0};
}
