#include "order.h"

#include <stdlib.h>

#include "tools/lib/calendar.h"

/* Whether some `time` line is earlier than one before it; looks at nothing else, and so costs next to
 * nothing. */
static bool goes_back(const struct dialogue *d)
{
    struct text rest = d->rest;
    int64_t latest = INT64_MIN;
    while (rest.n) {
        size_t end = text_find(rest, 0, d->end);
        struct text line = text_trim(text_of(rest.p, end));
        struct moment m;
        rest = text_skip(rest, end + 1);
        if (!text_starts_nocase(line, TEXT("time")))
            continue;
        line = text_trim(text_skip(line, 4));
        if (!calendar_parse_iso(text_of(line.p, text_find(line, 0, ' ')), &m))
            continue;
        if (m.seconds < latest)
            return true;
        latest = m.seconds;
    }
    return false;
}

static int by_time(const void *left, const void *right)
{
    const struct order_session *a = left, *b = right;
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

struct survey {
    struct order_session *sessions;
    size_t n, cap;
    int64_t clock;
    struct text config, label;
    bool open, expects;
};

static bool add_session(struct survey *s, const struct dialogue *before)
{
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 256;
        struct order_session *grown = realloc(s->sessions, cap * sizeof *grown);
        if (!grown)
            return false;
        s->sessions = grown;
        s->cap = cap;
    }
    s->sessions[s->n] = (struct order_session){
        .at = *before, .time = s->clock, .number = s->n + 1, .config = s->config, .label = s->label};
    s->n++;
    s->label = text_of(NULL, 0);
    s->open = true;
    return true;
}

/* A session ends: the clock runs one second for each. */
static void end_session(struct survey *s)
{
    s->clock += s->open;
    s->open = false;
}

static bool take_item(struct survey *s, const struct item *item, const struct dialogue *before)
{
    switch (item->kind) {
    case ITEM_CONFIG:
        end_session(s);
        s->config = item->text;
        return true;
    case ITEM_TIME:
        s->open = false;
        s->clock = item->number;
        return true;
    case ITEM_LABEL:
        end_session(s);
        s->label = item->text;
        return true;
    case ITEM_CONNECT:
        end_session(s);
        return add_session(s, before);
    case ITEM_WAIT:
        s->clock += item->number;
        return true;
    default:
        s->expects = s->expects || item->kind == ITEM_SERVER;
        return true;
    }
}

int order_sessions(const struct dialogue *d, int64_t clock, struct order_session **out, size_t *count)
{
    struct report silent = {0};
    struct dialogue reader = *d, before = *d;
    struct survey s = {.clock = clock};
    struct item item;
    bool whole = true;
    if (!goes_back(d))
        return 0;
    reader.report = before.report = &silent;
    for (; whole && !s.expects && dialogue_next(&reader, &item); before = reader)
        whole = take_item(&s, &item, &before);
    if (!whole || s.expects) {
        free(s.sessions);
        return whole ? 0 : -1;
    }
    if (s.n)
        qsort(s.sessions, s.n, sizeof *s.sessions, by_time);
    *out = s.sessions;
    *count = s.n;
    return 1;
}
