#include "make.h"

#include "tools/lib/lines.h"
#include "tools/lib/progress.h"
#include "writer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { VALUE_MAX = 1000, REPLY_MAX = 500 };

void maker_problem(struct maker *m, struct text where, const char *format, ...)
{
    struct error e;
    char message[sizeof e.message];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(message, sizeof message, format, arguments) < 0)
        message[0] = '\0';
    va_end(arguments);
    unsigned column = m->source.n ? (unsigned)(where.p - m->source.p) + 1 : 0;
    error_set(&e, m->job->in, m->line, column, "%s", message);
    error_report(m->job->report, &e, false, m->source);
}

void maker_leave_out(struct maker *m, const char *what)
{
    struct left_out *l = m->job->left_out, *last = l + LEFT_OUT_KINDS - 1;
    while (l < last && l->count && strcmp(l->what, what) != 0)
        l++;
    snprintf(l->what, sizeof l->what, "%s", l == last ? "other" : what);
    l->count++;
}

void maker_add_canonical(struct maker *m, struct text key, struct text value, struct text where)
{
    unsigned first = 0;
    bool same = false;
    if (m->failed)
        return;
    if (value.n > VALUE_MAX) {
        maker_problem(m, where, "the value is longer than %d bytes", VALUE_MAX);
        return;
    }
    m->failed = table_writer_add(m->writer, key, value, m->line, &first, &same);
    if (first && !same)
        maker_problem(m, where, "this key stands on line %u with another value", first);
}

void maker_add(struct maker *m, struct text written, struct text value)
{
    char key[TABLE_KEY_MAX];
    const char *problem = NULL;
    size_t n = table_canonical_key(written, key, &problem);
    if (!n)
        maker_problem(m, written, "%s", problem);
    else
        maker_add_canonical(m, text_of(key, n), value, written);
}

struct text take_word(struct text *rest)
{
    size_t n = 0;
    while (n < rest->n && !is_blank((unsigned char)rest->p[n]))
        n++;
    struct text word = text_of(rest->p, n);
    while (n < rest->n && is_blank((unsigned char)rest->p[n]))
        n++;
    *rest = text_skip(*rest, n);
    return word;
}

static bool has_control(struct maker *m, struct text line)
{
    for (size_t i = 0; i < line.n; i++) {
        unsigned char c = (unsigned char)line.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            maker_problem(m, text_skip(line, i), "control character \\x%02x", c);
            return true;
        }
    }
    return false;
}

static void read_lines(struct maker *m, struct lines *lines, struct acl *acl)
{
    struct progress progress = progress_start(m->job->in);
    while (!m->failed && lines_next(lines, &m->source, &m->failed) > 0) {
        m->line = lines->number;
        if (lines->number % 4096 == 0)
            progress_show(&progress, lines->done, lines->all);
        if (has_control(m, m->source))
            continue;
        if (m->job->source == SOURCE_MERCURY_ACL)
            acl_line(m, acl, m->source);
        else if (m->job->source == SOURCE_ACCESS)
            access_line(m, m->source);
        else
            text_line(m, m->source);
    }
    progress_done(&progress);
    m->source = TEXT("");
    if (!m->failed && m->job->source == SOURCE_MERCURY_ACL)
        acl_end(m, acl);
}

/* A file that could not be read or written. */
static int cannot(struct table_job *job, const char *path, int error)
{
    struct error e;
    char reason[128];
    if (error == EFBIG)
        error_set(&e, path, 0, 0,
                  "would be larger than the 4 GB a CDB file can have; divide it into several tables");
    else if (error == EMSGSIZE)
        error_set(&e, path, 0, 0, "has a line of more than %d bytes", (int)LINE_LONGEST);
    else
        error_set(&e, path, 0, 0, "%s", os_reason(error, reason, sizeof reason));
    error_report(job->report, &e, false, TEXT(""));
    return -1;
}

static int make(struct maker *m, struct lines *lines, struct acl *acl)
{
    struct table_job *job = m->job;
    unsigned errors = job->report->errors;
    int error = table_writer_new(job->out, &m->writer);
    if (error)
        return cannot(job, job->out, error);
    read_lines(m, lines, acl);
    if (m->failed)
        return cannot(job, m->failed == EMSGSIZE || ferror(lines->file) ? job->in : job->out, m->failed);
    if (job->report->errors != errors)
        return 1;
    job->count = table_writer_count(m->writer);
    error = table_writer_finish(&m->writer);
    return error ? cannot(job, job->out, error) : 0;
}

int table_make(struct table_job *job)
{
    struct maker m = {.job = job, .kind = job->kind};
    struct lines lines;
    struct acl *acl = NULL;
    int error = lines_open(&lines, job->in);
    if (error)
        return cannot(job, job->in, error);
    if (job->source == SOURCE_MERCURY_ACL)
        acl = acl_new();
    int result =
        job->source == SOURCE_MERCURY_ACL && !acl ? cannot(job, job->in, ENOMEM) : make(&m, &lines, acl);
    table_writer_discard(&m.writer);
    acl_free(acl);
    lines_close(&lines);
    return result;
}
