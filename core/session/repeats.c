#include "repeats.h"

#include <stdlib.h>

#include "log.h"

struct repeat {
    struct decision what; /* action GP_PASS: a `log` rule */
    uint32_t number;
    uint32_t count;
};

/* Rules by their place in the block, then the other causes. */
static uint32_t number_of(const struct gp_session *s, const struct decision *d)
{
    const uint32_t rules = block_rule_count(s->rules);
    return d->rule ? (uint32_t)(d->rule - block_rule(s->rules, 0)) : rules + (uint32_t)d->cause;
}

/* A few items are searched one by one. An index of all rules would cost more than it saves. */
enum { FEW = 16 };

static struct repeat *find(struct repeats *r, uint32_t number)
{
    if (r->place)
        return r->place[number] ? &r->item[r->place[number] - 1] : NULL;
    for (uint32_t i = 0; i < r->n; i++)
        if (r->item[i].number == number)
            return &r->item[i];
    return NULL;
}

/* Makes room for one more item, of NUMBERS that there can be. */
static bool make_room(struct repeats *r, uint32_t numbers)
{
    if (r->n == FEW && !r->place) {
        r->place = calloc(numbers, sizeof *r->place);
        if (!r->place)
            return false;
        for (uint32_t i = 0; i < r->n; i++)
            r->place[r->item[i].number] = i + 1;
    }
    if (r->n < r->cap)
        return true;
    const uint32_t cap = r->cap ? 2 * r->cap : 4;
    struct repeat *grown = realloc(r->item, cap * sizeof *grown);
    if (!grown)
        return false;
    r->item = grown;
    r->cap = cap;
    return true;
}

uint32_t repeats_note(struct gp_session *s, const struct decision *d)
{
    struct repeats *r = &s->repeats;
    const uint32_t number = number_of(s, d);
    struct repeat *item = find(r, number);
    if (!item) {
        if (!make_room(r, block_rule_count(s->rules) + CAUSE_COUNT))
            return 0;
        item = &r->item[r->n++];
        *item = (struct repeat){.what = *d, .number = number};
        if (r->place)
            r->place[number] = r->n;
    }
    if (item->count < UINT32_MAX)
        item->count++;
    return item->count;
}

void repeats_blocked(struct gp_session *s, const struct rule *rule, uint32_t seconds)
{
    const struct decision d = {.rule = rule};
    struct repeat *item = find(&s->repeats, number_of(s, &d));
    if (item)
        item->what.block_seconds = seconds;
}

static void say(struct gp_session *s, const struct repeat *item)
{
    const struct decision *d = &item->what;
    const bool header = d->phase > GP_PHASE_RCPT;
    if (!header && item->count <= REPEATS_LINES)
        return;
    const uint32_t count = item->count > 1 ? item->count : 0;
    if (d->action == GP_PASS)
        session_log_rule(s, d->rule, d->phase, d->block_seconds, count);
    else
        session_log_decision(s, d, count);
}

void repeats_flush(struct gp_session *s)
{
    struct repeats *r = &s->repeats;
    for (uint32_t i = 0; i < r->n; i++) {
        say(s, &r->item[i]);
        if (r->place)
            r->place[r->item[i].number] = 0;
    }
    r->n = 0;
}

void repeats_fini(struct gp_session *s)
{
    free(s->repeats.place);
    free(s->repeats.item);
}
