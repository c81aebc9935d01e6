#include "builder.h"

#include <stdlib.h>

#include "plugin_checks.h"
#include "index.h"
#include "index_build.h"
#include "core/pattern/pattern.h"
#include "core/table/table.h"

enum { BLOCK_MOST = 1 << 30 };

/* A list that grows. */
struct heap {
    unsigned char *p;
    size_t n;
    size_t cap;
};

struct builder {
    struct heap block;   /* head, then texts, code and lists as they come */
    struct heap rules;   /* struct rule */
    struct heap terms;   /* struct rule */
    struct heap files;   /* struct file_note */
    struct heap tables;  /* struct table_note */
    struct heap fields;  /* struct named_field */
    struct heap plugins; /* struct span */
    struct heap checks;  /* struct check_note; `compiled` has what each was compiled to */
    struct plugin_checks *compiled;
    struct plugin_known known;
    const struct gp_check_host *host;
    uint32_t *interned; /* offsets of texts kept once, open addressing; 0 is free */
    size_t interned_cap;
    size_t interned_count;
    uint32_t counters;
    uint32_t registry;
    bool failed;
};

static void *heap_add(struct builder *b, struct heap *h, const void *p, size_t n)
{
    if (b->failed)
        return NULL;
    if (n > h->cap - h->n) {
        size_t cap = h->cap ? h->cap * 2 : 4096;
        while (cap - h->n < n && cap < BLOCK_MOST)
            cap *= 2;
        unsigned char *grown = cap <= BLOCK_MOST && cap - h->n >= n ? realloc(h->p, cap) : NULL;
        if (!grown) {
            b->failed = true;
            return NULL;
        }
        h->p = grown;
        h->cap = cap;
    }
    unsigned char *at = h->p + h->n;
    if (p && n)
        memcpy(at, p, n);
    else
        memset(at, 0, n);
    h->n += n;
    return at;
}

static void *heap_at(const struct heap *h, size_t i, size_t size)
{
    return h->p + i * size;
}

struct builder *builder_new(uint32_t registry)
{
    struct builder *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->host = &plugin_silent_host;
    b->registry = registry;
    heap_add(b, &b->block, NULL, sizeof(struct block_head));
    for (unsigned slot = 0; slot < TABLE_NAMED; slot++)
        heap_add(b, &b->tables, NULL, sizeof(struct table_note));
    if (b->failed)
        builder_free(&b);
    return b;
}

void builder_free(struct builder **slot)
{
    struct builder *b = *slot;
    *slot = NULL;
    if (!b)
        return;
    free(b->block.p);
    free(b->rules.p);
    free(b->terms.p);
    free(b->files.p);
    free(b->tables.p);
    free(b->fields.p);
    free(b->plugins.p);
    free(b->checks.p);
    plugin_checks_unref(&b->compiled);
    free(b->interned);
    free(b);
}

static uint32_t append_text(struct builder *b, struct text t)
{
    uint32_t at = (uint32_t)b->block.n;
    heap_add(b, &b->block, t.p, t.n);
    heap_add(b, &b->block, "", 1);
    return at;
}

static uint32_t intern_hash(struct text t)
{
    uint32_t h = (uint32_t)t.n * 0x9E3779B1u;
    for (size_t i = 0; i < t.n; i++)
        h = (h ^ (unsigned char)t.p[i]) * 16777619u;
    return h ^ h >> 13;
}

static bool interned_is(const struct builder *b, uint32_t at, struct text t)
{
    return b->block.n - at > t.n && b->block.p[at + t.n] == '\0' && memcmp(b->block.p + at, t.p, t.n) == 0;
}

static void intern_grow(struct builder *b)
{
    size_t cap = b->interned_cap ? b->interned_cap * 2 : 256;
    uint32_t *wider = calloc(cap, sizeof *wider);
    if (!wider) {
        b->failed = true;
        return;
    }
    for (size_t i = 0; i < b->interned_cap; i++) {
        uint32_t at = b->interned[i];
        if (!at)
            continue;
        size_t slot = intern_hash(text_z((const char *)b->block.p + at)) & (cap - 1);
        while (wider[slot])
            slot = (slot + 1) & (cap - 1);
        wider[slot] = at;
    }
    free(b->interned);
    b->interned = wider;
    b->interned_cap = cap;
}

struct span builder_text(struct builder *b, struct text t)
{
    if (b->failed || t.n == 0)
        return (struct span){0, 0};
    if (b->interned_count * 2 >= b->interned_cap)
        intern_grow(b);
    if (b->failed)
        return (struct span){0, 0};
    /* A text with a NUL in it could not be found again by its hash, so each copy is kept. */
    if (memchr(t.p, '\0', t.n))
        return (struct span){append_text(b, t), (uint32_t)t.n};
    size_t slot = intern_hash(t) & (b->interned_cap - 1);
    while (b->interned[slot]) {
        if (interned_is(b, b->interned[slot], t))
            return (struct span){b->interned[slot], (uint32_t)t.n};
        slot = (slot + 1) & (b->interned_cap - 1);
    }
    uint32_t at = append_text(b, t);
    b->interned[slot] = at;
    b->interned_count++;
    return (struct span){at, (uint32_t)t.n};
}

struct span builder_list(struct builder *b, const void *elements, size_t count, size_t size)
{
    heap_add(b, &b->block, NULL, (8 - b->block.n % 8) % 8);
    struct span s = {(uint32_t)b->block.n, (uint32_t)count};
    heap_add(b, &b->block, elements, count * size);
    return b->failed ? (struct span){0, 0} : s;
}

uint32_t builder_file(struct builder *b, struct text name, struct text path, const struct file_id *id)
{
    struct file_note note = {.name = builder_text(b, name), .path = builder_text(b, path), .id = *id};
    heap_add(b, &b->files, &note, sizeof note);
    return (uint32_t)(b->files.n / sizeof note) - 1;
}

uint32_t builder_table(struct builder *b, struct text name)
{
    if (b->failed)
        return 0;
    const size_t count = b->tables.n / sizeof(struct table_note);
    for (size_t i = TABLE_NAMED; i < count; i++) {
        const struct table_note *t = heap_at(&b->tables, i, sizeof *t);
        if (text_eq_nocase(text_of((const char *)b->block.p + t->name.at, t->name.n), name))
            return (uint32_t)i;
    }
    if (count == TABLE_MOST)
        return UINT32_MAX;
    struct table_note note = {.name = builder_text(b, name)};
    heap_add(b, &b->tables, &note, sizeof note);
    return (uint32_t)count;
}

void builder_table_path(struct builder *b, uint32_t slot, struct text path, bool optional)
{
    struct span s = builder_text(b, path);
    if (b->failed)
        return;
    struct table_note *t = heap_at(&b->tables, slot, sizeof *t);
    t->path = s;
    t->optional = optional;
}

bool builder_table_has_path(const struct builder *b, uint32_t slot)
{
    const struct table_note *t = b->failed ? NULL : heap_at(&b->tables, slot, sizeof *t);
    return t && t->path.n;
}

/* Returns the number of the field called NAME, which is added if it is new. */
static uint32_t builder_field(struct builder *b, struct text name)
{
    const size_t count = b->fields.n / sizeof(struct named_field);
    const uint32_t hash = block_field_hash(name);
    for (size_t i = 0; i < count; i++) {
        const struct named_field *f = heap_at(&b->fields, i, sizeof *f);
        if (f->hash == hash && text_eq_nocase(text_of((const char *)b->block.p + f->name.at, f->name.n), name))
            return (uint32_t)i;
    }
    struct named_field field = {.name = builder_text(b, name), .hash = hash};
    heap_add(b, &b->fields, &field, sizeof field);
    return (uint32_t)count;
}

uint32_t builder_counter(struct builder *b, struct text name)
{
    uint32_t number = builder_field(b, name);
    if (b->failed)
        return 0;
    struct named_field *f = heap_at(&b->fields, number, sizeof *f);
    if (!f->counted)
        f->counted = ++b->counters;
    return f->counted - 1;
}

void builder_host(struct builder *b, const struct gp_check_host *host)
{
    b->host = host;
}

struct plugin_known *builder_known_checks(struct builder *b)
{
    return &b->known;
}

static struct text text_at(const struct builder *b, struct span s)
{
    return text_of((const char *)b->block.p + s.at, s.n);
}

uint32_t builder_plugin(struct builder *b, struct text path, bool *is_new)
{
    const size_t count = b->plugins.n / sizeof(struct span);
    *is_new = false;
    for (size_t i = 0; i < count && !b->failed; i++)
        if (text_eq(text_at(b, *(const struct span *)heap_at(&b->plugins, i, sizeof(struct span))), path))
            return (uint32_t)i;
    struct span s = builder_text(b, path);
    heap_add(b, &b->plugins, &s, sizeof s);
    *is_new = true;
    return (uint32_t)count;
}

bool builder_check(struct builder *b, const struct plugin_check *c, struct text args, uint32_t *operand,
                   size_t *at, char *reason, size_t cap)
{
    const struct text name = text_z(c->check->name);
    const size_t count = b->checks.n / sizeof(struct check_note);
    void *data;
    *operand = (uint32_t)count;
    for (size_t i = 0; i < count && !b->failed; i++) {
        const struct check_note *note = heap_at(&b->checks, i, sizeof *note);
        if (note->plugin == c->plugin && text_eq(text_at(b, note->name), name) &&
            text_eq(text_at(b, note->args), args)) {
            *operand = (uint32_t)i;
            return true;
        }
    }
    if (plugin_compile(c->check, b->host, args, &data, at, reason, cap) != 0)
        return false;
    struct check_note note = {.name = builder_text(b, name),
                              .args = builder_text(b, args),
                              .plugin = c->plugin,
                              .operations = c->check->operations};
    heap_add(b, &b->checks, &note, sizeof note);
    if (!plugin_checks_add(&b->compiled, c->check, data))
        b->failed = true;
    return true;
}

/* What all of a draft but code and reply becomes. */
static struct rule test_of(struct builder *b, const struct rule_draft *d)
{
    return (struct rule){
        .line = d->line,
        .file = (uint16_t)d->file,
        .operation = (uint8_t)d->operation,
        .action = (uint8_t)d->action,
        .flags = (uint8_t)d->flags,
        .check = (uint8_t)d->check,
        .operand = d->operand,
        .block_seconds = d->block_seconds,
        .source_at = append_text(b, d->source),
    };
}

void builder_rule(struct builder *b, const struct rule_draft *d)
{
    struct rule rule = test_of(b, d);
    rule.reply_size = (uint16_t)d->reply.n;
    rule.reply_at = builder_text(b, d->reply).at;
    rule.more = (struct span){(uint32_t)(b->terms.n / sizeof(struct rule)), d->more_n};
    for (uint32_t i = 0; i < d->more_n; i++) {
        const struct rule term = test_of(b, d->more + i);
        heap_add(b, &b->terms, &term, sizeof term);
    }
    rule.test = (struct span){(uint32_t)b->block.n, (uint32_t)d->code.n};
    heap_add(b, &b->block, d->code.p, d->code.n);
    heap_add(b, &b->rules, &rule, sizeof rule);
}

struct settings *builder_settings(struct builder *b)
{
    return &((struct block_head *)(void *)b->block.p)->settings;
}

/* The field under which a `header` pattern is filed, or UINT32_MAX: its fixed beginning is a field name and
 * the colon. */
static uint32_t field_of_rule(struct builder *b, const struct rule *rule)
{
    char prefix[80];
    if (rule->operation != OP_HEADER || !(rule->flags & RULE_PATTERN) || (rule->flags & RULE_NOT))
        return UINT32_MAX;
    size_t n = pattern_prefix(b->block.p + rule->test.at, rule->test.n, prefix, sizeof prefix);
    struct text name = text_of(prefix, n);
    name.n = text_find(name, 0, ':');
    return name.n < n && header_name_is_valid(name) ? builder_field(b, name) : UINT32_MAX;
}

/* Which matcher each rule belongs to: an operation, or OP_COUNT + the number of a field. */
static uint32_t *assign_rules(struct builder *b)
{
    const size_t count = b->rules.n / sizeof(struct rule);
    uint32_t *of = calloc(count + 1, sizeof *of);
    if (!of) {
        b->failed = true;
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        const struct rule *rule = heap_at(&b->rules, i, sizeof *rule);
        uint32_t field = field_of_rule(b, rule);
        of[i] = field == UINT32_MAX ? rule->operation : OP_COUNT + field;
    }
    return of;
}

static struct matcher make_matcher(struct builder *b, struct index_plan *plan, const uint32_t *numbers,
                                   size_t n)
{
    struct matcher m = {.rule_count = (uint32_t)n};
    if (n == 0 || b->failed)
        return m;
    if (!index_build_plan(plan, (const struct rule *)(const void *)b->rules.p, b->block.p, numbers, n)) {
        b->failed = true;
        return m;
    }
    m.rules_at = builder_list(b, numbers, n, sizeof *numbers).at;
    m.always_at = builder_list(b, plan->always, (n + 63) / 64, sizeof *plan->always).at;
    m.always_any = plan->always_any;
    m.stride = plan->stride;
    if (m.stride) {
        m.filter_bits = plan->filter_bits;
        m.filter_at = builder_list(b, plan->filter, ((size_t)1 << m.filter_bits) / 64, sizeof *plan->filter).at;
        m.bucket_bits = plan->bucket_bits;
        m.buckets_at =
            builder_list(b, plan->buckets, ((size_t)1 << m.bucket_bits) + 1, sizeof *plan->buckets).at;
        m.entry_count = plan->entry_count;
        m.entries_at = builder_list(b, plan->entries, m.entry_count, sizeof *plan->entries).at;
    }
    return m;
}

static void make_matchers(struct builder *b, const uint32_t *of)
{
    const size_t count = b->rules.n / sizeof(struct rule);
    const size_t groups = OP_COUNT + b->fields.n / sizeof(struct named_field);
    /* Rules sorted by matcher, file order within: a counting sort. */
    uint32_t *start = calloc(groups + 1, sizeof *start);
    uint32_t *sorted = calloc(count + 1, sizeof *sorted);
    struct index_plan plan = {0};
    if (!start || !sorted) {
        b->failed = true;
    } else {
        for (size_t i = 0; i < count; i++)
            start[of[i] + 1]++;
        for (size_t g = 1; g <= groups; g++)
            start[g] += start[g - 1];
        for (size_t i = 0; i < count; i++)
            sorted[start[of[i]]++] = (uint32_t)i;
        /* Each start is now at the beginning of the next one. */
        for (size_t g = 0; g < groups && !b->failed; g++) {
            const size_t from = g ? start[g - 1] : 0;
            const size_t n = start[g] - from;
            struct matcher m = make_matcher(b, &plan, sorted + from, n);
            if (b->failed)
                break;
            struct block_head *head = (struct block_head *)(void *)b->block.p;
            if (n > head->most_rules)
                head->most_rules = (uint32_t)n;
            if (g < OP_COUNT)
                head->matcher[g] = m;
            else
                ((struct named_field *)heap_at(&b->fields, g - OP_COUNT, sizeof(struct named_field)))->rules =
                    m;
        }
    }
    index_build_fini(&plan);
    free(start);
    free(sorted);
}

static struct span make_field_slots(struct builder *b)
{
    const size_t count = b->fields.n / sizeof(struct named_field);
    size_t cap = 1;
    while (cap < count * 2)
        cap *= 2;
    uint32_t *slots = count ? calloc(cap, sizeof *slots) : NULL;
    if (!slots) {
        b->failed = b->failed || count;
        return (struct span){0, 0};
    }
    for (size_t i = 0; i < count; i++) {
        const struct named_field *f = heap_at(&b->fields, i, sizeof *f);
        size_t at = f->hash & (cap - 1);
        while (slots[at])
            at = (at + 1) & (cap - 1);
        slots[at] = (uint32_t)i + 1;
    }
    struct span s = builder_list(b, slots, cap, sizeof *slots);
    free(slots);
    return s;
}

struct block *builder_finish(struct builder *b, struct plugin_checks **checks)
{
    if (checks)
        *checks = NULL;
    uint32_t *of = b->failed ? NULL : assign_rules(b);
    if (of && !b->failed)
        make_matchers(b, of);
    free(of);
    struct span files =
        builder_list(b, b->files.p, b->files.n / sizeof(struct file_note), sizeof(struct file_note));
    struct span tables =
        builder_list(b, b->tables.p, b->tables.n / sizeof(struct table_note), sizeof(struct table_note));
    struct span rules = builder_list(b, b->rules.p, b->rules.n / sizeof(struct rule), sizeof(struct rule));
    struct span terms = builder_list(b, b->terms.p, b->terms.n / sizeof(struct rule), sizeof(struct rule));
    struct span fields =
        builder_list(b, b->fields.p, b->fields.n / sizeof(struct named_field), sizeof(struct named_field));
    struct span plugins =
        builder_list(b, b->plugins.p, b->plugins.n / sizeof(struct span), sizeof(struct span));
    struct span notes =
        builder_list(b, b->checks.p, b->checks.n / sizeof(struct check_note), sizeof(struct check_note));
    struct span slots = make_field_slots(b);
    if (b->failed)
        return NULL;
    struct block_head *head = (struct block_head *)(void *)b->block.p;
    memcpy(head->magic, block_magic, sizeof head->magic);
    head->size = (uint32_t)b->block.n;
    head->layout = block_layout();
    strncpy(head->version, GATEPOST_VERSION, sizeof head->version - 1);
    head->files = files;
    head->tables = tables;
    head->plugins = plugins;
    head->checks = notes;
    head->rules = rules;
    head->terms = terms;
    head->fields = fields;
    head->field_slots = slots;
    head->counters = b->counters;
    head->registry = b->registry;
    head->sum = block_sum(head, head->size);
    struct block *r = block_adopt(b->block.p, b->block.n);
    if (r) {
        b->block = (struct heap){0};
        if (checks) {
            *checks = b->compiled;
            b->compiled = NULL;
        }
    }
    return r;
}
