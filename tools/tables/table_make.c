#include "maker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "table_writer.h"
#include "tools/lib/lines.h"
#include "tools/lib/progress.h"

static void read_line(struct maker *m, struct mercury_acl *acl)
{
    struct text bad = text_skip(m->source, maker_text_size(m->source));
    if (bad.n && (unsigned char)bad.p[0] < 0xC0)
        maker_problem(m, bad, "control character \\x%02x", (unsigned char)bad.p[0]);
    else if (bad.n)
        maker_problem(m, bad, "this character is not seen, or changes how others are shown");
    else if (m->job->source == SOURCE_MERCURY_ACL)
        mercury_acl_line(m, acl, m->source);
    else if (m->job->source == SOURCE_ACCESS)
        access_line(m, m->source);
    else
        table_text_line(m, m->source);
}

static void read_lines(struct maker *m, struct lines *lines, struct mercury_acl *acl)
{
    struct progress progress = progress_start(m->job->in);
    while (!m->failed) {
        int more = lines_next(lines, &m->source, &m->failed);
        m->reading_failed = more < 0;
        if (more <= 0)
            break;
        m->line = lines->number;
        if (lines->number % 4096 == 0)
            progress_show(&progress, lines->done, lines->all);
        read_line(m, acl);
    }
    progress_done(&progress);
    m->source = TEXT("");
    if (!m->failed && m->job->source == SOURCE_MERCURY_ACL)
        mercury_acl_end(m, acl);
    if (!m->failed && m->job->source == SOURCE_ACCESS)
        access_end(m);
}

/* A file could not be read or written. */
static int cannot(struct table_job *job, const char *path, int error, const struct lines *lines)
{
    struct error e;
    char reason[160];
    if (error == EFBIG)
        error_set(&e, path, 0, 0,
                  "would be larger than the 4 GB a CDB file can have; divide it into several tables");
    else
        error_set(&e, path, 0, 0, "%s", lines_reason(lines, error, reason, sizeof reason));
    error_report(job->report, &e, false, TEXT(""));
    return -1;
}

static int make(struct maker *m, struct lines *lines, struct mercury_acl *acl)
{
    struct table_job *job = m->job;
    unsigned errors = job->report->errors;
    int error = table_writer_new(job->out, &m->writer);
    if (error)
        return cannot(job, job->out, error, lines);
    read_lines(m, lines, acl);
    if (m->failed)
        return cannot(job, m->reading_failed ? job->in : job->out, m->failed, lines);
    if (job->report->errors != errors)
        return 1;
    job->count = table_writer_count(m->writer);
    error = table_writer_finish(&m->writer);
    return error ? cannot(job, job->out, error, lines) : 0;
}

int table_make(struct table_job *job)
{
    struct maker m = {.job = job, .kind = job->kind};
    struct lines lines;
    struct mercury_acl *acl = NULL;
    int error = lines_open(&lines, job->in);
    if (error)
        return cannot(job, job->in, error, &lines);
    if (job->source == SOURCE_MERCURY_ACL)
        acl = mercury_acl_new();
    int result = job->source == SOURCE_MERCURY_ACL && !acl ? cannot(job, job->in, ENOMEM, &lines)
                                                           : make(&m, &lines, acl);
    table_writer_discard(&m.writer);
    mercury_acl_free(acl);
    free(m.untagged);
    lines_close(&lines);
    return result;
}
