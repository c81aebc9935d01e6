#include "plugin_checks.h"

#include <stdlib.h>

struct bound_check {
    const struct gp_check *check; /* NULL: it cannot be asked */
    void *data;
};

struct bound {
    size_t count;
    size_t cap;
    struct bound_check item[];
};

static void free_data(const struct gp_check *check, void *data)
{
    if (check && check->free && data)
        check->free(data);
}

bool bound_add(struct bound **slot, const struct gp_check *check, void *data)
{
    struct bound *b = *slot;
    if (!b || b->count == b->cap) {
        const size_t cap = b ? b->cap * 2 : 16;
        struct bound *wider = realloc(b, sizeof *b + cap * sizeof b->item[0]);
        if (!wider) {
            free_data(check, data);
            return false;
        }
        if (!b)
            wider->count = 0;
        wider->cap = cap;
        *slot = b = wider;
    }
    b->item[b->count++] = (struct bound_check){check, data};
    return true;
}

void bound_free(struct bound **slot)
{
    struct bound *b = *slot;
    *slot = NULL;
    for (size_t i = 0; b && i < b->count; i++)
        free_data(b->item[i].check, b->item[i].data);
    free(b);
}

/* The check that NOTE is about, compiled. Returns NULL if it is not to be had. */
static const struct gp_check *take_up(const struct ruleset *r, const struct check_note *note,
                                      const struct gp_check_host *host, bound_opener open, void **data)
{
    char reason[300];
    size_t at;
    struct text path = ruleset_text(r, note->name).n ? ruleset_plugin(r, note->plugin) : TEXT("");
    plugin_list list = path.n ? open(path.p, reason, sizeof reason) : NULL;
    const struct gp_check *check = plugin_check_in(list, ruleset_text(r, note->name));
    if (!check ||
        plugin_compile(check, host, ruleset_text(r, note->args), data, &at, reason, sizeof reason) != 0)
        return NULL;
    return check;
}

bool bound_take_up(struct ruleset *r, const struct gp_check_host *host, bound_opener open)
{
    const uint32_t count = ruleset_check_count(r);
    bool all = true;
    if (count == 0 || r->bound)
        return true;
    if (r->distrusted && !r->map.ours)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        void *data = NULL;
        const struct check_note *note = ruleset_check(r, i);
        const struct gp_check *check = note ? take_up(r, note, host, open, &data) : NULL;
        all = all && check;
        if (!bound_add(&r->bound, check, data))
            return false;
    }
    return all;
}

static const struct bound_check *find(const struct ruleset *r, const struct rule *rule)
{
    const struct bound *b = r->bound;
    return b && rule->operand < b->count && b->item[rule->operand].check ? &b->item[rule->operand] : NULL;
}

int bound_match(const struct ruleset *r, const struct rule *rule, const struct facts *facts,
                struct text subject, struct writer *why)
{
    const struct bound_check *b = find(r, rule);
    if (!b) {
        if (why)
            writer_add(why, TEXT("its plugin could not be loaded"));
        return -1;
    }
    return plugin_match(b->check, b->data, (enum operation)rule->operation, facts, subject, why);
}

uint32_t bound_needs(const struct ruleset *r, const struct rule *rule)
{
    const struct bound_check *b = find(r, rule);
    return b ? b->check->needs : 0;
}
