#include "log_files.h"

#include "tools/lib/output.h"

#include "core/os/os.h"
#include "log_record.h"
#include "log_scan.h"

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
    bool over;
    bool below_entry, unstamped;
    bool partial[3]; /* by stream: the next line goes on with a piece */
    char end;        /* of a line: LF, or CR alone as old Macintoshes have it */
    struct log_years years;
    int64_t time;
    uint64_t done;
    struct log_record *record; /* NULL: the log consists of lines */
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
    free(f->record);
    f->record = NULL;
    f->gz = NULL;
    f->buffer = NULL;
}

/* Reads more after the present bytes. Returns false at the end. */
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

/* Returns the next line without its end. `whole` is false for one that is too long: its beginning is
 * returned. */
static bool next_line(struct log_files *s, struct log_file *f, struct text *line, bool *whole)
{
    size_t end, searched = 0;
    *whole = true;
    for (;;) {
        end = text_find(text_of(f->buffer + f->at, f->filled - f->at), searched, f->end);
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

/* The next N bytes, however they are divided into lines; cut if there are fewer, or more than the buffer holds. */
static struct text next_bytes(struct log_files *s, struct log_file *f, size_t n)
{
    while (f->filled - f->at < n && f->filled - f->at < LOG_FILES_LINE_LONGEST && fill(s, f))
        continue;
    size_t here = f->filled - f->at < n ? f->filled - f->at : n;
    struct text bytes = text_of(f->buffer + f->at, here);
    f->at += here;
    return bytes;
}

/* A field of the journal's export format whose value may hold line ends. */
static void take_binary(struct log_files *s, struct log_file *f, struct text line)
{
    char name[64];
    size_t n = line.n < sizeof name ? line.n : sizeof name;
    uint64_t size = 0;
    memcpy(name, line.p, n);
    struct text bytes = next_bytes(s, f, 8);
    for (size_t i = bytes.n; i-- > 0;)
        size = size << 8 | (unsigned char)bytes.p[i];
    struct text value = next_bytes(s, f, size < LOG_FILES_LINE_LONGEST ? (size_t)size : LOG_FILES_LINE_LONGEST);
    log_record_value(f->record, text_of(name, n), value);
    for (uint64_t left = size - value.n; left && bytes.n == 8;) {
        struct text more =
            next_bytes(s, f, left < LOG_FILES_LINE_LONGEST ? (size_t)left : LOG_FILES_LINE_LONGEST);
        if (!more.n)
            break;
        left -= more.n;
    }
    next_bytes(s, f, 1);
}

/* The next line, or the next record as a line. */
static bool next_entry(struct log_files *s, struct log_file *f, struct text *line, bool *whole)
{
    if (!f->record)
        return next_line(s, f, line, whole);
    while (next_line(s, f, line, whole)) {
        if (!*whole)
            continue;
        if (log_record_is_binary(f->record, *line))
            take_binary(s, f, *line);
        else if (log_record_take(f->record, *line, line))
            return true;
    }
    *whole = true;
    return log_record_end(f->record, line);
}

/* Pieces of a message that was too long for the container's log: the first has all that counts, and the
 * client could choose where the others begin. */
static void follow_pieces(struct log_file *f)
{
    struct log_event *e = &f->event;
    bool goes_on = f->partial[e->stream];
    f->partial[e->stream] = e->stream && e->partial;
    if (goes_on && e->stream)
        e->kind = LOG_OTHER;
}

/* Reads the next line of F ahead, so that its time is known. */
static void advance(struct log_files *s, struct log_file *f)
{
    struct text line;
    bool whole;
    int64_t time;
    if (!f->gz)
        return;
    if (!next_entry(s, f, &line, &whole)) {
        file_close(f);
        return;
    }
    if (f->over && f->at == f->filled && line.n == 1 && line.p[0] == '\x1a') /* CP/M and DOS end a text with
                                                                              * it */
        line.n = 0;
    log_line_read(whole ? line : TEXT(""),
                  f->below_entry ? LOG_BELOW_ENTRY
                  : f->unstamped ? LOG_UNSTAMPED
                                 : LOG_STAMPED,
                  &f->event);
    if (f->event.has_stamp && log_time_resolve(&f->years, &f->event.stamp, &time)) {
        f->time = time;
        f->below_entry = false;
        follow_pieces(f);
    } else if (f->event.has_stamp) { /* 30 February */
        f->event.kind = LOG_UNKNOWN;
        f->event.has_stamp = false;
    } else if (f->event.kind == LOG_PART && f->event.program == LOG_EXIM) {
        f->below_entry = true;
    }
}

/* Returns what kind of file T is if it cannot be read as text, or NULL. */
static const char *alien(struct text t)
{
    if (t.n >= 2 && (memcmp(t.p, "\xff\xfe", 2) == 0 || memcmp(t.p, "\xfe\xff", 2) == 0 || memchr(t.p, 0, 2)))
        return "is in UTF-16; convert it with: iconv -f UTF-16 -t UTF-8";
    if (t.n >= 4 && memcmp(t.p, "\x28\xb5\x2f\xfd", 4) == 0)
        return "is compressed with zstd; read it with: zstd -dc FILE | gatepost analyze -";
    if (t.n >= 6 && memcmp(t.p,
                           "\xfd"
                           "7zXZ\0",
                           6) == 0)
        return "is compressed with xz; read it with: xz -dc FILE | gatepost analyze -";
    if (t.n >= 3 && memcmp(t.p, "BZh", 3) == 0)
        return "is compressed with bzip2; read it with: bzip2 -dc FILE | gatepost analyze -";
    if (t.n >= 8 && memcmp(t.p, "LPKSHHRH", 8) == 0)
        return "is a journal; read it with: journalctl --file=FILE | gatepost analyze -";
    return NULL;
}

/* Whether any line of T has a time. */
static bool has_stamp(struct text t, char end)
{
    struct log_event e;
    e.traffic = false;
    while (t.n) {
        size_t n = text_find(t, 0, end);
        log_line_read(text_of(t.p, n), LOG_STAMPED, &e);
        if (e.has_stamp)
            return true;
        t = text_skip(t, n + 1);
    }
    return false;
}

/* Examines the first bytes of a log: how its lines end, and whether it has records or times. Returns false
 * when out of memory. */
static bool look(struct log_files *s, struct log_file *f)
{
    f->end = '\n';
    while (f->gz && f->filled < LOG_FILES_LINE_LONGEST && fill(s, f))
        continue;
    struct text head = text_of(f->buffer, f->filled);
    const char *reason = alien(head);
    if (reason) {
        complain(s, f->path, reason);
        file_close(f);
        return true;
    }
    if (log_scan_eat(&head, TEXT("\xEF\xBB\xBF")))
        f->at = 3;
    if (text_find(head, 0, '\n') == head.n && text_find(head, 0, '\r') < head.n)
        f->end = '\r';
    struct text first = head;
    while (first.n && is_space((unsigned char)first.p[0]))
        first = text_skip(first, 1);
    first.n = text_find(first, 0, f->end);
    enum log_record_form form = log_record_form(first);
    f->unstamped = form != LOG_RECORD_NONE || !has_stamp(head, f->end);
    if (form == LOG_RECORD_NONE)
        return true;
    f->record = calloc(1, sizeof *f->record);
    if (!f->record)
        return false;
    f->record->form = form;
    return true;
}

static bool file_open(struct log_files *s, struct log_file *f)
{
    struct file_id id;
    char words[128];
    bool standard = strcmp(f->path, "-") == 0;
    f->time = INT64_MIN;
    f->buffer = calloc(1, LOG_FILES_LINE_LONGEST);
    if (!f->buffer)
        return false;
    errno = 0;
    f->gz = standard ? gzdopen(dup(0), "rb") : gzopen(f->path, "rb");
    if (!f->gz) {
        complain(s, f->path, os_reason(errno ? errno : ENOMEM, words, sizeof words));
        return true;
    }
    gzbuffer(f->gz, GZIP_BUFFER);
    if (!standard && os_file_id(f->path, &id) == 0) {
        s->size += id.size;
        f->time = id.mtime_ns / 1000000000; /* of lines without one */
    }
    return true;
}

/* With a first year, each further log is put near the one named before it. */
static bool begin(struct log_files *s, struct log_file *f, const struct log_file *before, unsigned first_year,
                  int64_t now)
{
    f->years = (struct log_years){.now = now, .first_year = first_year};
    if (before && first_year && before->years.begun)
        f->years = before->years;
    if (f->time == INT64_MIN)
        f->time = now;
    if (!look(s, f))
        return false;
    if (!f->unstamped)
        f->time = INT64_MIN;
    advance(s, f);
    return true;
}

bool log_files_open(struct log_files *s, char **paths, size_t count, unsigned first_year, int64_t now,
                    bool traffic)
{
    *s = (struct log_files){.until = INT64_MIN};
    s->files = calloc(count, sizeof *s->files);
    if (!s->files)
        return false;
    s->count = count;
    for (size_t i = 0; i < count; i++) {
        s->files[i].path = paths[i];
        s->files[i].event.traffic = traffic;
        if (!file_open(s, &s->files[i]))
            return false;
        if (!begin(s, &s->files[i], i ? &s->files[i - 1] : NULL, first_year, now))
            return false;
    }
    s->current = count;
    return true;
}

/* The file with the earliest line, the first named among equals; and how long this will be so. */
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
