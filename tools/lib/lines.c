#include "lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "core/os/os.h"
#include "input.h"

int lines_open(struct lines *l, const char *path)
{
    struct file_id id;
    bool standard = text_eq(text_z(path), TEXT("-"));
    *l = (struct lines){.buffer = NULL};
    errno = 0;
    l->file = standard ? gzdopen(dup(STDIN_FILENO), "rb") : gzopen(path, "rb");
    if (!l->file)
        return errno ? errno : ENOMEM;
    if (!standard && os_file_id(path, &id) == 0)
        l->all = id.size;
    l->buffer = malloc(LINE_LONGEST);
    if (l->buffer)
        return 0;
    lines_close(l);
    return ENOMEM;
}

/* The reason why gzread() failed. */
static int read_error(struct lines *l)
{
    int code;
    gzerror(l->file, &code);
    return code == Z_ERRNO ? errno ? errno : EIO : code == Z_MEM_ERROR ? ENOMEM : EPROTO;
}

/* The first bytes show what kind of file it is. */
static int begin(struct lines *l)
{
    struct text start = text_of(l->buffer, l->filled);
    l->unreadable = input_unreadable(start);
    if (l->unreadable)
        return EILSEQ;
    l->end = text_find(start, 0, '\n') < start.n || text_find(start, 0, '\r') == start.n ? '\n' : '\r';
    l->at = text_starts_nocase(start, TEXT("\xEF\xBB\xBF")) ? 3 : 0;
    return 0;
}

/* Makes room and reads on. Returns 0 or an errno value. */
static int fill(struct lines *l)
{
    if (l->at == 0 && l->filled == LINE_LONGEST)
        return EMSGSIZE;
    memmove(l->buffer, l->buffer + l->at, l->filled - l->at);
    l->filled -= l->at;
    l->at = 0;
    errno = 0;
    int got = gzread(l->file, l->buffer + l->filled, (unsigned)(LINE_LONGEST - l->filled));
    if (got < 0)
        return read_error(l);
    l->over = got == 0;
    if (l->over && !gzeof(l->file))
        return read_error(l);
    if (l->over && !gzdirect(l->file)) {
        int code;
        gzerror(l->file, &code);
        if (code == Z_BUF_ERROR) /* it ends in the middle */
            return EPROTO;
    }
    l->filled += (size_t)got;
    l->done = (uint64_t)gzoffset(l->file);
    return l->end ? 0 : begin(l);
}

int lines_next(struct lines *l, struct text *line, int *error)
{
    *error = l->end ? 0 : fill(l);
    if (*error)
        return -1;
    struct text rest = text_of(l->buffer + l->at, l->filled - l->at);
    size_t end = text_find(rest, 0, l->end);
    while (end == rest.n && !l->over) {
        size_t searched = rest.n;
        *error = fill(l);
        if (*error)
            return -1;
        rest = text_of(l->buffer, l->filled);
        end = text_find(rest, searched, l->end);
    }
    if (end == rest.n && rest.n && rest.p[rest.n - 1] == INPUT_CTRL_Z)
        end = --rest.n; /* CP/M and DOS ended files with it, and some editors still write it */
    if (rest.n == 0)
        return 0;
    l->at += end < rest.n ? end + 1 : end;
    l->number++;
    *line = text_of(rest.p, end);
    if (l->end == '\n' && line->n && line->p[line->n - 1] == '\r')
        line->n--;
    return 1;
}

const char *lines_reason(const struct lines *l, int error, char *out, size_t cap)
{
    if (error == EILSEQ && l->unreadable)
        snprintf(out, cap, "%s", l->unreadable);
    else if (error == EMSGSIZE)
        snprintf(out, cap, "has a line of more than %d bytes", (int)LINE_LONGEST);
    else if (error == EPROTO)
        snprintf(out, cap, "is a damaged gzip file");
    else
        os_reason(error, out, cap);
    return out;
}

void lines_close(struct lines *l)
{
    if (l->file)
        gzclose(l->file);
    free(l->buffer);
    *l = (struct lines){.buffer = NULL};
}
