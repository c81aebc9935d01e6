#include "log_files.h"

#include "tools/lib/output.h"

#include "core/os/os.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

enum { GZIP_BUFFER = 16384 };

struct log_file {
    gzFile gz; /* NULL when it has been read */
    const char *path;
    char *buffer;
    size_t at, filled;
    bool over, bare;
    struct log_years years;
    int64_t time;
    uint64_t done;
    struct log_event event;
};

static void complain(struct log_files *s, const char *path, const char *reason)
{
    s->failed = true;
    output_printf(stderr, "gatepost analyze: %s: %s\n", path, reason);
}

static void file_close(struct log_file *f)
{
    if (f->gz)
        gzclose(f->gz);
    free(f->buffer);
    f->gz = NULL;
    f->buffer = NULL;
}

/* Reads on behind what is there. Returns false at the end. */
static bool fill(struct log_files *s, struct log_file *f)
{
    memmove(f->buffer, f->buffer + f->at, f->filled - f->at);
    f->filled -= f->at;
    f->at = 0;
    if (f->over)
        return false;
    errno = 0;
    int got = gzread(f->gz, f->buffer + f->filled, (unsigned)(LOG_FILES_LINE_LONGEST - f->filled));
    int system = errno;
    int code = Z_OK;
    const char *reason = gzerror(f->gz, &code);
    z_off_t offset = gzoffset(f->gz);
    f->done = offset > 0 ? (uint64_t)offset : f->done;
    if (got < 0 || code < 0) {
        char words[128];
        complain(s, f->path,
                 code == Z_ERRNO       ? os_reason(system ? system : EIO, words, sizeof words)
                 : code == Z_BUF_ERROR ? "ends in the middle of a gzip file"
                                       : reason);
    }
    f->over = got <= 0;
    f->filled += got > 0 ? (size_t)got : 0;
    return got > 0;
}

/* The next line without its end. `whole` is false for one that is too long: its beginning is handed out. */
static bool next_line(struct log_files *s, struct log_file *f, struct text *line, bool *whole)
{
    size_t end, searched = 0;
    *whole = true;
    for (;;) {
        end = text_find(text_of(f->buffer + f->at, f->filled - f->at), searched, '\n');
        if (end < f->filled - f->at)
            break;
        searched = f->filled - f->at;
        if (searched == LOG_FILES_LINE_LONGEST) {
            *whole = false;
            f->at = f->filled;
            searched = 0;
        }
        if (!fill(s, f))
            break;
    }
    if (f->filled == f->at && *whole)
        return false;
    *line = text_of(f->buffer + f->at, end);
    f->at += end < f->filled - f->at ? end + 1 : end;
    if (line->n && line->p[line->n - 1] == '\r')
        line->n--;
    return true;
}

/* Looks at the next line of F, so that its time is known. */
static void advance(struct log_files *s, struct log_file *f)
{
    struct text line;
    bool whole;
    int64_t time;
    if (!f->gz)
        return;
    if (!next_line(s, f, &line, &whole)) {
        file_close(f);
        return;
    }
    log_line_read(whole ? line : TEXT(""), f->bare, &f->event);
    if (f->event.has_stamp && log_time_resolve(&f->years, &f->event.stamp, &time)) {
        f->time = time;
        f->bare = false;
    } else if (f->event.has_stamp) { /* 30 February */
        f->event.kind = LOG_UNKNOWN;
        f->event.has_stamp = false;
    } else if (f->event.kind == LOG_PART) {
        f->bare = true;
    }
}

static bool file_open(struct log_files *s, struct log_file *f)
{
    struct file_id id;
    char words[128];
    bool standard = strcmp(f->path, "-") == 0;
    f->time = INT64_MIN;
    f->buffer = malloc(LOG_FILES_LINE_LONGEST);
    if (!f->buffer)
        return false;
    errno = 0;
    f->gz = standard ? gzdopen(dup(0), "rb") : gzopen(f->path, "rb");
    if (!f->gz) {
        complain(s, f->path, os_reason(errno ? errno : ENOMEM, words, sizeof words));
        return true;
    }
    gzbuffer(f->gz, GZIP_BUFFER);
    if (!standard && os_file_id(f->path, &id) == 0)
        s->size += id.size;
    return true;
}

/* With a first year, each further log is put near the one named before it. */
static void begin(struct log_files *s, struct log_file *f, const struct log_file *before, unsigned first_year,
                  int64_t now)
{
    f->years = (struct log_years){.now = now, .first_year = first_year};
    if (before && first_year && before->years.begun)
        f->years = before->years;
    advance(s, f);
}

bool log_files_open(struct log_files *s, char **paths, size_t count, unsigned first_year, int64_t now)
{
    *s = (struct log_files){.until = INT64_MIN};
    s->files = calloc(count, sizeof *s->files);
    if (!s->files)
        return false;
    s->count = count;
    for (size_t i = 0; i < count; i++) {
        s->files[i].path = paths[i];
        if (!file_open(s, &s->files[i]))
            return false;
        begin(s, &s->files[i], i ? &s->files[i - 1] : NULL, first_year, now);
    }
    s->current = count;
    return true;
}

/* The file with the earliest line, the first named among equals; and how long that will be so. */
static void choose(struct log_files *s)
{
    size_t best = s->count;
    s->until = INT64_MAX;
    for (size_t i = 0; i < s->count; i++) {
        if (!s->files[i].gz)
            continue;
        if (best == s->count) {
            best = i;
        } else if (s->files[i].time < s->files[best].time) {
            s->until = s->files[best].time;
            best = i;
        } else if (s->files[i].time < s->until) {
            s->until = s->files[i].time;
        }
    }
    s->current = best;
}

const struct log_event *log_files_next(struct log_files *s, int64_t *time, size_t *file)
{
    if (s->current < s->count)
        advance(s, &s->files[s->current]);
    if (s->current == s->count || !s->files[s->current].gz || s->files[s->current].time > s->until)
        choose(s);
    if (s->current == s->count)
        return NULL;
    s->lines++;
    *time = s->files[s->current].time;
    *file = s->current;
    return &s->files[s->current].event;
}

uint64_t log_files_done(const struct log_files *s)
{
    uint64_t done = 0;
    for (size_t i = 0; i < s->count; i++)
        done += s->files[i].done;
    return done;
}

void log_files_close(struct log_files *s)
{
    for (size_t i = 0; i < s->count; i++)
        file_close(&s->files[i]);
    free(s->files);
    *s = (struct log_files){.files = NULL};
}
