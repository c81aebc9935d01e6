#include "lines.h"

#include "core/os/os.h"

#include <errno.h>
#include <stdlib.h>

int lines_open(struct lines *l, const char *path)
{
    struct file_id id;
    bool standard = text_eq(text_z(path), TEXT("-"));
    *l = (struct lines){.file = standard ? stdin : fopen(path, "rb")};
    if (!l->file)
        return errno;
    if (!standard && os_file_id(path, &id) == 0)
        l->all = id.size;
    l->buffer = malloc(LINE_LONGEST);
    if (l->buffer)
        return 0;
    lines_close(l);
    return ENOMEM;
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
    size_t got = fread(l->buffer + l->filled, 1, LINE_LONGEST - l->filled, l->file);
    if (got == 0 && ferror(l->file))
        return errno ? errno : EIO;
    l->over = got == 0;
    l->filled += got;
    return 0;
}

int lines_next(struct lines *l, struct text *line, int *error)
{
    struct text rest = text_of(l->buffer + l->at, l->filled - l->at);
    size_t end = text_find(rest, 0, '\n');
    while (end == rest.n && !l->over) {
        size_t searched = rest.n;
        *error = fill(l);
        if (*error)
            return -1;
        rest = text_of(l->buffer, l->filled);
        end = text_find(rest, searched, '\n');
    }
    if (rest.n == 0)
        return 0;
    size_t taken = end < rest.n ? end + 1 : end;
    l->at += taken;
    l->done += taken;
    l->number++;
    *line = text_of(rest.p, end);
    if (line->n && line->p[line->n - 1] == '\r')
        line->n--;
    if (l->number == 1 && text_starts_nocase(*line, TEXT("\xEF\xBB\xBF")))
        *line = text_skip(*line, 3);
    return 1;
}

void lines_close(struct lines *l)
{
    if (l->file && l->file != stdin)
        fclose(l->file);
    free(l->buffer);
    *l = (struct lines){.file = NULL};
}
