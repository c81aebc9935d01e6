#include "outfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/os/os.h"
#include "tools/os/os.h"

enum { BUFFER = 1 << 20 };

struct outfile {
    intptr_t file; /* -1: none */
    char *path;
    char *beside;
    uint64_t written; /* bytes in the file; those in `buffer` follow them */
    size_t pending;
    unsigned char buffer[BUFFER];
};

static void release(struct outfile **out)
{
    struct outfile *o = *out;
    *out = NULL;
    os_guard_file(NULL);
    if (o->file != -1)
        os_close_file(o->file);
    free(o->path);
    free(o->beside);
    free(o);
}

int outfile_open(const char *path, struct outfile **out)
{
    static const char suffix[] = ".new.XXXXXX";
    size_t n = strlen(path);
    struct outfile *o = calloc(1, sizeof *o);
    *out = NULL;
    if (!o)
        return ENOMEM;
    o->file = -1;
    o->path = malloc(n + 1);
    o->beside = malloc(n + sizeof suffix);
    int error = o->path && o->beside ? 0 : ENOMEM;
    if (!error) {
        memcpy(o->path, path, n + 1);
        memcpy(o->beside, path, n + 1);
        memcpy(o->beside + n, suffix, sizeof suffix);
        error = os_create_file(o->beside, &o->file);
    }
    if (error) {
        release(&o);
        return error;
    }
    os_guard_file(o->beside);
    *out = o;
    return 0;
}

static int flush(struct outfile *o)
{
    int error = os_write_at(o->file, o->written, o->buffer, o->pending);
    if (!error) {
        o->written += o->pending;
        o->pending = 0;
    }
    return error;
}

int outfile_add(struct outfile *o, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    while (n) {
        if (o->pending == BUFFER) {
            int error = flush(o);
            if (error)
                return error;
        }
        size_t take = n < BUFFER - o->pending ? n : BUFFER - o->pending;
        memcpy(o->buffer + o->pending, p, take);
        o->pending += take;
        p += take;
        n -= take;
    }
    return 0;
}

int outfile_read(struct outfile *o, uint64_t at, void *bytes, size_t n)
{
    unsigned char *p = bytes;
    if (n && at < o->written) {
        size_t want = n < o->written - at ? n : (size_t)(o->written - at);
        int error = os_read_at(o->file, at, p, want);
        if (error)
            return error;
        p += want;
        n -= want;
        at += want;
    }
    if (n == 0)
        return 0;
    if (at - o->written > o->pending || n > o->pending - (at - o->written))
        return EINVAL;
    memcpy(p, o->buffer + (at - o->written), n);
    return 0;
}

int outfile_overwrite(struct outfile *o, uint64_t at, const void *bytes, size_t n)
{
    int error = flush(o);
    return error ? error : os_write_at(o->file, at, bytes, n);
}

uint64_t outfile_size(const struct outfile *o)
{
    return o->written + o->pending;
}

int outfile_commit(struct outfile **out)
{
    struct outfile *o = *out;
    int error = flush(o);
    if (!error)
        error = os_settle_file(o->file, o->path);
    if (!error) {
        error = os_close_file(o->file);
        o->file = -1;
    }
    if (!error)
        error = os_rename(o->beside, o->path);
    if (error) {
        outfile_discard(out);
        return error;
    }
    os_settle_name(o->path);
    release(out);
    return 0;
}

void outfile_discard(struct outfile **out)
{
    struct outfile *o = *out;
    if (!o)
        return;
    if (o->file != -1)
        os_close_file(o->file);
    o->file = -1;
    os_remove(o->beside);
    release(out);
}
