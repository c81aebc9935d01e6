#include "mbox.h"

#include <stdlib.h>

#include "tools/lib/calendar.h"
#include "core/mail/header.h"

bool mbox_line(struct text *t, struct text *line)
{
    if (!t->n)
        return false;
    size_t end = text_find(*t, 0, '\n');
    *line = text_of(t->p, end);
    *t = text_skip(*t, end + 1);
    if (line->n && line->p[line->n - 1] == '\r')
        line->n--;
    return true;
}

static bool is_clock_time(struct text word)
{
    return word.n >= 4 && word.n <= 8 && is_digit((unsigned char)word.p[0]) && text_find(word, 0, ':') <= 2;
}

static bool is_weekday(struct text word)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    for (size_t i = 0; i < 7; i++)
        if (text_eq_nocase(word, text_z(days[i])))
            return true;
    return false;
}

/* `weekday` is set if it has a day of the week, as those have that programs write. */
static bool is_postmark(struct text line, bool *weekday)
{
    bool month = false;
    bool time = false;
    bool year = false;
    uint64_t number;
    if (!text_starts_nocase(line, TEXT("From ")) || line.p[0] != 'F' || line.p[1] != 'r')
        return false;
    for (size_t at = 5; at < line.n;) {
        size_t end = at;
        while (end < line.n && !is_blank((unsigned char)line.p[end]))
            end++;
        struct text word = text_of(line.p + at, end - at);
        if (!month && word.n == 3) {
            month = calendar_month(word) != 0;
            *weekday = *weekday || is_weekday(word);
        } else if (month && !time)
            time = is_clock_time(word);
        else if (time && word.n == 4)
            year = year || (text_number(word, 9999, &number) && number > 1969);
        at = end + 1;
    }
    return year;
}

/* Whether T begins with a field, or with the quoted postmark of an earlier mailbox. */
static bool begins_with_field(struct text t)
{
    struct text line;
    struct field field;
    return mbox_line(&t, &line) && (header_split(line, &field) || text_starts_nocase(line, TEXT(">From ")));
}

/* ".emlx": the size of the message on the first line, and a property list after the message. */
static void take_emlx(struct text *file)
{
    struct text line, rest = *file;
    uint64_t size;
    if (!file->n || !is_digit((unsigned char)file->p[0]) || !mbox_line(&rest, &line) ||
        !text_number(text_trim(line), UINT32_MAX, &size) || !begins_with_field(rest))
        return;
    *file = text_of(rest.p, size < rest.n ? (size_t)size : rest.n);
}

bool mbox_mend(struct text *file, char **memory)
{
    *memory = NULL;
    if (file->n >= 3 && memcmp(file->p, "\xEF\xBB\xBF", 3) == 0)
        *file = text_skip(*file, 3);
    while (file->n && file->p[file->n - 1] == '\x1a')
        file->n--;
    if (text_find(*file, 0, '\n') == file->n && text_find(*file, 0, '\r') < file->n) {
        char *copy = malloc(file->n);
        if (!copy)
            return false;
        for (size_t i = 0; i < file->n; i++)
            copy[i] = file->p[i] == '\r' ? '\n' : file->p[i];
        *memory = copy;
        *file = text_of(copy, file->n);
    }
    take_emlx(file);
    return true;
}

bool mbox_is_mail(struct text file)
{
    struct text line;
    struct field field;
    while (file.n && (file.p[0] == '\n' || file.p[0] == '\r'))
        file = text_skip(file, 1);
    if (!mbox_line(&file, &line))
        return true;
    return header_split(line, &field) || text_starts_nocase(line, TEXT("From ")) ||
           text_starts_nocase(line, TEXT(">From "));
}

void mbox_init(struct mbox *s, struct text file)
{
    struct text first;
    struct text rest = file;
    while (rest.n && (rest.p[0] == '\n' || rest.p[0] == '\r'))
        rest = text_skip(rest, 1);
    *s = (struct mbox){.rest = rest};
    bool weekday = false;
    s->mbox = mbox_line(&rest, &first) && is_postmark(first, &weekday);
}

/* Passes over the body, to the next postmark or the end. */
static void skip_body(struct mbox *s, bool after_empty)
{
    struct text line;
    if (!s->mbox) {
        s->rest = text_skip(s->rest, s->rest.n);
        return;
    }
    for (;;) {
        struct text here = s->rest;
        if (!mbox_line(&s->rest, &line))
            return;
        bool weekday = false;
        if (line.n > 5 && line.p[0] == 'F' && is_postmark(line, &weekday) && (after_empty || weekday) &&
            begins_with_field(s->rest)) {
            s->rest = here;
            return;
        }
        after_empty = line.n == 0;
    }
}

bool mbox_next(struct mbox *s, struct mbox_message *out)
{
    struct text line;
    struct field field;
    *out = (struct mbox_message){.postmark = text_of(s->rest.p, 0)};
    if (!s->rest.n)
        return false;
    struct text here = s->rest;
    mbox_line(&s->rest, &line);
    if (text_starts_nocase(line, TEXT("From ")) && !header_split(line, &field))
        out->postmark = line;
    else
        s->rest = here;
    while (text_starts_nocase(s->rest, TEXT(">From ")))
        mbox_line(&s->rest, &line);

    const char *start = s->rest.p;
    const char *end = start;
    bool inside = false;
    bool empty = false;
    for (here = s->rest; mbox_line(&s->rest, &line); here = s->rest) {
        bool more = inside && line.n && is_blank((unsigned char)line.p[0]);
        if (!more && !header_split(line, &field)) {
            empty = line.n == 0;
            if (!empty)
                s->rest = here;
            break;
        }
        inside = true;
        end = s->rest.p;
    }
    out->header = text_of(start, (size_t)(end - start));
    s->number++;
    skip_body(s, empty);
    return true;
}

bool mbox_field(struct text *header, struct text *lines, struct text *name)
{
    struct text line;
    struct field field;
    const char *start = header->p;
    if (!mbox_line(header, &line) || !header_split(line, &field))
        return false;
    *name = field.name;
    const char *end = line.p + line.n;
    while (header->n && is_blank((unsigned char)header->p[0])) {
        mbox_line(header, &line);
        end = line.p + line.n;
    }
    *lines = text_of(start, (size_t)(end - start));
    return true;
}

struct text mbox_postmark_sender(struct text postmark, bool *known)
{
    struct text t = text_trim(text_skip(postmark, 5));
    size_t n = 0;
    while (n < t.n && !is_blank((unsigned char)t.p[n]))
        n++;
    t.n = n;
    *known = n > 0;
    if (text_eq_nocase(t, TEXT("MAILER-DAEMON")) || text_eq(t, TEXT("<>")))
        return text_of(t.p, 0);
    /* "From -", as Mozilla writes it, says nothing, nor does a name without a domain. */
    *known = text_find(t, 0, '@') < t.n;
    return *known ? t : text_of(t.p, 0);
}
