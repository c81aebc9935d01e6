#include "plugin_checks.h"

#include <stdlib.h>

struct compiled_check {
    const struct gp_check *check; /* NULL: it cannot be asked */
    void *data;
};

struct plugin_checks {
    size_t count;
    size_t cap;
    struct compiled_check item[];
};

static void free_data(const struct gp_check *check, void *data)
{
    if (check && check->free && data)
        check->free(data);
}

bool plugin_checks_add(struct plugin_checks **slot, const struct gp_check *check, void *data)
{
    struct plugin_checks *b = *slot;
    if (!b || b->count == b->cap) {
        const size_t cap = b ? b->cap * 2 : 16;
        struct plugin_checks *wider = realloc(b, sizeof *b + cap * sizeof b->item[0]);
        if (!wider) {
            free_data(check, data);
            return false;
        }
        if (!b)
            wider->count = 0;
        wider->cap = cap;
        *slot = b = wider;
    }
    b->item[b->count++] = (struct compiled_check){check, data};
    return true;
}

void plugin_checks_free(struct plugin_checks **slot)
{
    struct plugin_checks *b = *slot;
    *slot = NULL;
    for (size_t i = 0; b && i < b->count; i++)
        free_data(b->item[i].check, b->item[i].data);
    free(b);
}

/* The check that NOTE is about, compiled. Returns NULL if it is not to be had. */
static const struct gp_check *take_up(const struct block *r, const struct check_note *note,
                                      const struct gp_check_host *host, plugin_opener open, void **data)
{
    char reason[300];
    size_t at;
    struct text path = block_text(r, note->name).n ? block_plugin(r, note->plugin) : TEXT("");
    plugin_list list = path.n ? open(path.p, reason, sizeof reason) : NULL;
    const struct gp_check *check = plugin_check_in(list, block_text(r, note->name));
    if (!check || plugin_compile(check, host, block_text(r, note->args), data, &at, reason, sizeof reason) != 0)
        return NULL;
    return check;
}

bool plugin_checks_take_up(struct block *r, const struct gp_check_host *host, plugin_opener open)
{
    const uint32_t count = block_check_count(r);
    bool all = true;
    if (count == 0 || r->bound)
        return true;
    if (r->distrusted && !r->map.ours)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        void *data = NULL;
        const struct check_note *note = block_check(r, i);
        const struct gp_check *check = note ? take_up(r, note, host, open, &data) : NULL;
        all = all && check;
        if (!plugin_checks_add(&r->bound, check, data))
            return false;
    }
    return all;
}

static const struct compiled_check *find(const struct block *r, const struct rule *rule)
{
    const struct plugin_checks *b = r->bound;
    return b && rule->operand < b->count && b->item[rule->operand].check ? &b->item[rule->operand] : NULL;
}

int plugin_checks_match(const struct block *r, const struct rule *rule, const struct facts *facts,
                        struct text subject, struct writer *why)
{
    const struct compiled_check *b = find(r, rule);
    if (!b) {
        if (why)
            writer_add(why, TEXT("its plugin could not be loaded"));
        return -1;
    }
    return plugin_match(b->check, b->data, (enum operation)rule->operation, facts, subject, why);
}

uint32_t plugin_checks_needs(const struct block *r, const struct rule *rule)
{
    const struct compiled_check *b = find(r, rule);
    return b ? b->check->needs : 0;
}
