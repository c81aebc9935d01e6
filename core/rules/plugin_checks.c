#include "plugin_checks.h"

#include <stdatomic.h>
#include <stdlib.h>

struct compiled_check {
    const struct gp_check *check; /* NULL: it cannot be used */
    void *data;
};

struct plugin_checks {
    atomic_uint refs;
    struct compiled_check *item;
    size_t count;
    size_t cap;
};

static void free_data(const struct gp_check *check, void *data)
{
    if (check && check->free && data)
        check->free(data);
}

static bool has_room(struct plugin_checks *c)
{
    if (c->count < c->cap)
        return true;
    const size_t cap = c->cap ? c->cap * 2 : 16;
    struct compiled_check *wider = realloc(c->item, cap * sizeof *wider);
    if (!wider)
        return false;
    c->item = wider;
    c->cap = cap;
    return true;
}

bool plugin_checks_add(struct plugin_checks **slot, const struct gp_check *check, void *data)
{
    struct plugin_checks *c = *slot;
    if (!c && (c = calloc(1, sizeof *c)) != NULL) {
        atomic_init(&c->refs, 1);
        *slot = c;
    }
    if (!c || !has_room(c)) {
        free_data(check, data);
        return false;
    }
    c->item[c->count++] = (struct compiled_check){check, data};
    return true;
}

struct plugin_checks *plugin_checks_ref(struct plugin_checks *c)
{
    if (c)
        atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void plugin_checks_unref(struct plugin_checks **slot)
{
    struct plugin_checks *c = *slot;
    *slot = NULL;
    if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < c->count; i++)
        free_data(c->item[i].check, c->item[i].data);
    free(c->item);
    free(c);
}

/* Returns the compiled check of NOTE, or NULL if it cannot be had. */
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

bool plugin_checks_take_up(const struct block *r, const struct gp_check_host *host, plugin_opener open,
                           struct plugin_checks **out)
{
    const uint32_t count = block_check_count(r);
    bool all = true;
    *out = NULL;
    if (count == 0)
        return true;
    if (r->distrusted && !r->map.ours)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        void *data = NULL;
        const struct check_note *note = block_check(r, i);
        const struct gp_check *check = note ? take_up(r, note, host, open, &data) : NULL;
        all = all && check;
        if (!plugin_checks_add(out, check, data))
            return false;
    }
    return all;
}

static const struct compiled_check *find(const struct plugin_checks *c, const struct rule *rule)
{
    return c && rule->operand < c->count && c->item[rule->operand].check ? &c->item[rule->operand] : NULL;
}

int plugin_checks_match(const struct plugin_checks *checks, const struct rule *rule, const struct facts *facts,
                        struct text subject, struct writer *why)
{
    const struct compiled_check *c = find(checks, rule);
    if (!c) {
        if (why)
            writer_add(why, TEXT("its plugin could not be loaded"));
        return -1;
    }
    return plugin_match(c->check, c->data, (enum operation)rule->operation, facts, subject, why);
}

uint32_t plugin_checks_needs(const struct plugin_checks *checks, const struct rule *rule)
{
    const struct compiled_check *c = find(checks, rule);
    return c ? c->check->needs : 0;
}
