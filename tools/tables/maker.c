#include "maker.h"

#include <stdio.h>

#include "table_writer.h"
#include "tools/lib/output.h"

enum { VALUE_MAX = 1000 };

/* Marks the number of a line without a tag. */
static const unsigned UNTAGGED = 1u << 31;

static void report(struct maker *m, struct text where, bool warning, const char *message)
{
    struct error e;
    unsigned column = m->source.n && where.p ? (unsigned)(where.p - m->source.p) + 1 : 0;
    error_set(&e, m->job->in, m->line, column, "%s%s", warning ? "left out: " : "", message);
    error_report(m->job->report, &e, warning, m->source);
}

/* Leaves out what belongs to GROUP: the first is reported, and all are counted. */
static void leave_out(struct maker *m, struct text where, const char *group, const char *message)
{
    struct left_out *l = m->job->left_out, *last = l + LEFT_OUT_KINDS - 1;
    while (l < last && l->count && strncmp(l->group, group, sizeof l->group - 1) != 0)
        l++;
    bool other = l == last;
    snprintf(l->group, sizeof l->group, "%s", other ? "" : group);
    if (other || !l->count)
        snprintf(l->what, sizeof l->what, "%s", other ? "other" : message);
    if (l->count++ == 0)
        report(m, where, true, message);
}

void maker_problem(struct maker *m, struct text where, const char *format, ...)
{
    char message[sizeof((struct error *)NULL)->message];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(message, sizeof message, format, arguments) < 0)
        message[0] = '\0';
    va_end(arguments);
    if (m->job->source == SOURCE_TEXT)
        report(m, where, false, message);
    else
        leave_out(m, where, strcmp(format, "%s") == 0 ? message : format, message);
}

void maker_leave_out(struct maker *m, struct text where, const char *what)
{
    leave_out(m, where, what, what);
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
    m->failed =
        table_writer_add(m->writer, key, value, m->line | (m->reads_untagged ? UNTAGGED : 0), &first, &same);
    if (first && !same && m->job->source == SOURCE_TEXT)
        maker_problem(m, where, "this key is on line %u with another value", first);
    else if (m->reads_untagged && !(first & UNTAGGED))
        return; /* an entry with a tag speaks for this key */
    else if (first && !same)
        maker_leave_out(m, where, "a key that an earlier line has with another value");
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

size_t maker_text_size(struct text t)
{
    bool safe;
    for (struct text rest = t; rest.n;) {
        size_t n = output_char(rest, &safe);
        unsigned char c = (unsigned char)rest.p[0];
        if (!safe && c != '\t' && (n > 1 || c < 0xA0))
            return t.n - rest.n;
        rest = text_skip(rest, n);
    }
    return t.n;
}
