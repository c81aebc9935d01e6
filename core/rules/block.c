#include "block.h"

#include <stdlib.h>

#include "core/base/checksum.h"
#include "core/mail/domain.h"
#include "core/mail/idn.h"

const char block_magic[8] = "gprules";

uint32_t block_layout(void)
{
    const uint32_t revision = 6;
    return revision * 0x01000193u ^ (uint32_t)sizeof(struct block_head) * 31u ^
           (uint32_t)sizeof(struct rule) * 1009u ^ (uint32_t)sizeof(struct settings) * 65599u;
}

uint64_t block_sum(const void *block, size_t size)
{
    const size_t from = offsetof(struct block_head, size);
    struct checksum s;
    checksum_init(&s, CHECKSUM_NO_GAP);
    checksum_add(&s, (const unsigned char *)block + from, size - from);
    return checksum_end(&s);
}

static const struct block_head *head(const struct block *r)
{
    return (const struct block_head *)(const void *)r->base;
}

static bool block_is_ours(const void *block, size_t size)
{
    const struct block_head *h = block;
    return size >= sizeof *h && memcmp(h->magic, block_magic, sizeof h->magic) == 0 && h->size == size &&
           h->layout == block_layout() && strncmp(h->version, GATEPOST_VERSION, sizeof h->version) == 0;
}

static struct block *block_new(const void *block, size_t size)
{
    struct block *r = calloc(1, sizeof *r);
    if (r) {
        r->base = block;
        r->size = size;
        atomic_init(&r->refs, 1);
    }
    return r;
}

struct block *block_adopt(void *memory, size_t size)
{
    struct block *r = block_is_ours(memory, size) ? block_new(memory, size) : NULL;
    if (r)
        r->owned = memory;
    return r;
}

static bool list_is_sound(const struct block *r, uint32_t at, uint64_t count, size_t size)
{
    return at % 8 == 0 && block_at(r, at, count * size) != NULL;
}

static bool matcher_is_sound(const struct block *r, const struct matcher *m)
{
    if (m->rule_count == 0)
        return true;
    if (m->rule_count > block_most_rules(r) || !list_is_sound(r, m->rules_at, m->rule_count, 4) ||
        !list_is_sound(r, m->always_at, block_matcher_words(m), 8))
        return false;
    return m->stride == 0 ||
           (m->filter_bits >= 6 && m->filter_bits <= 30 && m->bucket_bits >= 1 && m->bucket_bits <= 28 &&
            list_is_sound(r, m->filter_at, (uint64_t)1 << (m->filter_bits - 6), 8) &&
            list_is_sound(r, m->buckets_at, ((uint64_t)1 << m->bucket_bits) + 1, sizeof(uint32_t)) &&
            list_is_sound(r, m->entries_at, m->entry_count, sizeof(struct gram_entry)));
}

/* Whether everything is sound that later code uses without another check. */
static bool matchers_are_sound(const struct block *r)
{
    const struct block_head *h = head(r);
    for (unsigned op = 0; op < OP_COUNT; op++)
        if (!matcher_is_sound(r, &h->matcher[op]))
            return false;
    for (uint32_t i = 0; i < h->fields.n; i++) {
        const struct named_field *f = block_element(r, h->fields, i, sizeof *f);
        if (!f || !matcher_is_sound(r, &f->rules))
            return false;
    }
    const struct span slots = h->field_slots;
    return slots.n == 0 || ((slots.n & (slots.n - 1)) == 0 && block_element(r, slots, 0, sizeof(uint32_t)));
}

struct block *block_borrow(const void *memory, size_t size)
{
    if (!block_is_ours(memory, size) || block_sum(memory, size) != ((const struct block_head *)memory)->sum)
        return NULL;
    struct block *r = block_new(memory, size);
    if (r && !matchers_are_sound(r))
        block_unref(&r);
    if (r)
        r->distrusted = true;
    return r;
}

struct block *block_adopt_map(const struct file_map *map)
{
    struct block *r = map->size <= UINT32_MAX ? block_borrow(map->p, map->size) : NULL;
    if (r)
        r->map = *map;
    return r;
}

struct block *block_ref(struct block *r)
{
    atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
    return r;
}

void block_unref(struct block **slot)
{
    struct block *r = *slot;
    *slot = NULL;
    if (!r || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
        return;
    free(r->owned);
    os_unmap(&r->map);
    free(r);
}

struct text block_bytes(const struct block *r)
{
    return text_of((const char *)r->base, r->size);
}

const struct settings *block_settings(const struct block *r)
{
    return &head(r)->settings;
}

struct text block_text(const struct block *r, struct span s)
{
    const char *p = block_at(r, s.at, (uint64_t)s.n + 1);
    return p && s.n && p[s.n] == '\0' ? text_of(p, s.n) : text_of("", 0);
}

const void *block_element(const struct block *r, struct span list, uint32_t n, size_t size)
{
    if (n >= list.n || list.at % 8 != 0)
        return NULL;
    const unsigned char *p = block_at(r, list.at, (uint64_t)list.n * size);
    return p ? p + (size_t)n * size : NULL;
}

uint32_t block_file_count(const struct block *r)
{
    return head(r)->files.n;
}

const struct file_note *block_file(const struct block *r, uint32_t n)
{
    return block_element(r, head(r)->files, n, sizeof(struct file_note));
}

uint32_t block_table_count(const struct block *r)
{
    return head(r)->tables.n <= TABLE_MOST ? head(r)->tables.n : 0;
}

const struct table_note *block_table(const struct block *r, uint32_t slot)
{
    return block_element(r, head(r)->tables, slot, sizeof(struct table_note));
}

uint32_t block_check_count(const struct block *r)
{
    const struct span checks = head(r)->checks;
    return checks.n <= r->size / sizeof(struct check_note) ? checks.n : 0;
}

const struct check_note *block_check(const struct block *r, uint32_t n)
{
    return block_element(r, head(r)->checks, n, sizeof(struct check_note));
}

struct text block_plugin(const struct block *r, uint32_t n)
{
    const struct span *path = block_element(r, head(r)->plugins, n, sizeof *path);
    return path ? block_text(r, *path) : TEXT("");
}

uint32_t block_counter_count(const struct block *r)
{
    /* A counter needs a field, so more counters than fields means damage. */
    const struct span fields = head(r)->fields;
    return head(r)->counters <= fields.n && fields.n <= r->size / sizeof(struct named_field) ? head(r)->counters
                                                                                             : 0;
}

uint32_t block_most_rules(const struct block *r)
{
    return head(r)->most_rules <= head(r)->rules.n && head(r)->rules.n <= r->size / sizeof(struct rule)
               ? head(r)->most_rules
               : 0;
}

uint32_t block_rule_count(const struct block *r)
{
    return head(r)->rules.n;
}

uint32_t block_registry(const struct block *r)
{
    return head(r)->registry;
}

const struct rule *block_rule(const struct block *r, uint32_t n)
{
    return block_element(r, head(r)->rules, n, sizeof(struct rule));
}

const struct rule *block_test(const struct block *r, const struct rule *rule, uint32_t n)
{
    if (n == 0)
        return rule;
    return n <= rule->more.n ? block_element(r, head(r)->terms, rule->more.at + n - 1, sizeof(struct rule))
                             : NULL;
}

struct text block_reply(const struct block *r, const struct rule *rule)
{
    return block_text(r, (struct span){rule->reply_at, rule->reply_size});
}

struct text block_source(const struct block *r, const struct rule *rule)
{
    const char *p = block_at(r, rule->source_at, 1);
    if (!p)
        return TEXT("");
    const size_t room = r->size - rule->source_at;
    const char *end = memchr(p, '\0', room);
    return end ? text_of(p, (size_t)(end - p)) : TEXT("");
}

void block_tests_text(const struct block *r, const struct rule *rule, struct writer *w)
{
    const struct rule *test;
    for (uint32_t i = 0; (test = block_test(r, rule, i)) != NULL; i++) {
        struct text source = block_source(r, test);
        const char *quote = test->flags & RULE_PATTERN ? "\"" : "";
        writer_printf(w, "%s%s%s%.*s%s", i ? " and " : "", test->flags & RULE_NOT ? "not " : "", quote,
                      (int)(source.n < 120 ? source.n : 120), source.p, quote);
    }
}

void block_cause(const struct block *r, const struct rule *rule, struct writer *w)
{
    const struct file_note *file = block_file(r, rule->file);
    writer_add(w, file ? block_text(r, file->name) : TEXT("?"));
    writer_printf(w, ":%u", (unsigned)rule->line);
}

const struct matcher *block_matcher(const struct block *r, enum operation op)
{
    return &head(r)->matcher[op];
}

/* Eight bytes of a name from P on, or all of a shorter name. */
static uint64_t name_bytes(const char *p, size_t n)
{
    uint64_t bytes = 0;
    if (n >= 8)
        return load_le64(p);
    for (size_t i = 0; i < n; i++)
        bytes = bytes << 8 | (unsigned char)p[i];
    return bytes;
}

/*
 * A session does this for every field, so it reads only the first and the last eight bytes. Setting bit 5 makes
 * letters of either case equal; comparing the names finds what else it made equal.
 */
uint32_t block_field_hash(struct text name)
{
    const uint64_t spaces = 0x2020202020202020, multiplier = 0x9E3779B97F4A7C15;
    uint64_t first = name_bytes(name.p, name.n) | spaces;
    uint64_t last = name.n > 8 ? load_le64(name.p + name.n - 8) | spaces : 0;
    uint64_t h = (first ^ name.n) * multiplier;
    h = (h ^ h >> 32 ^ last) * multiplier;
    return (uint32_t)(h >> 32);
}

const struct named_field *block_field(const struct block *r, struct text name)
{
    const struct span slots = head(r)->field_slots;
    if (slots.n == 0)
        return NULL;
    const uint32_t *slot = (const uint32_t *)(const void *)(r->base + slots.at);
    const uint32_t hash = block_field_hash(name);
    for (uint32_t step = 0; step < slots.n; step++) {
        uint32_t number = slot[(hash + step) & (slots.n - 1)];
        if (number == 0)
            return NULL;
        const struct named_field *f = block_element(r, head(r)->fields, number - 1, sizeof *f);
        if (f && f->hash == hash && text_eq_nocase(block_text(r, f->name), name))
            return f;
    }
    return NULL;
}

bool block_own_name(const struct block *r, struct text name)
{
    char room[IDN_MAX];
    const struct span names = head(r)->settings.own_names;
    name = idn_name(name, room);
    for (uint32_t i = 0; i < names.n; i++) {
        const struct span *s = block_element(r, names, i, sizeof *s);
        if (!s) /* the list is not within the block */
            return false;
        if (domain_in(name, block_text(r, *s)))
            return true;
    }
    return false;
}

static bool in_networks(const struct block *r, struct span networks, const struct ip *ip)
{
    for (uint32_t i = 0; i < networks.n; i++) {
        const struct network *n = block_element(r, networks, i, sizeof *n);
        if (!n)
            return false;
        if (n->bits > 128)
            continue;
        struct ip_prefix prefix = {.ip = {.v6 = n->v6 != 0}, .bits = n->bits};
        memcpy(prefix.ip.byte, n->byte, sizeof prefix.ip.byte);
        if (prefix.bits <= ip_bits(&prefix.ip) && ip_in(ip, &prefix))
            return true;
    }
    return false;
}

bool block_own_address(const struct block *r, const struct ip *ip)
{
    return in_networks(r, head(r)->settings.own_addresses, ip);
}

bool block_own_network(const struct block *r, const struct ip *ip)
{
    return in_networks(r, head(r)->settings.own_networks, ip);
}

bool block_submission_port(const struct block *r, uint32_t port)
{
    const struct span ports = head(r)->settings.submission_ports;
    for (uint32_t i = 0; i < ports.n; i++) {
        const uint32_t *p = block_element(r, ports, i, sizeof *p);
        if (!p)
            return false;
        if (*p == port)
            return true;
    }
    return false;
}
