#include "blocks.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/lib/output.h"

int blocks_open(struct blocks *b, enum blocks_use use)
{
    const struct settings *s = b->context.settings;
    char reason[700];
    int outcome = 1;
    if (use != BLOCKS_MAKE)
        outcome = blocklist_open(b->context.dir, s->block_entries, s->block_prefix[0], s->block_prefix[1],
                                 BLOCKLIST_READ_ONLY, &b->list, reason, sizeof reason);
    if (outcome && use != BLOCKS_READ) {
        blocklist_close(&b->list);
        outcome = blocklist_open(b->context.dir, s->block_entries, s->block_prefix[0], s->block_prefix[1], 0,
                                 &b->list, reason, sizeof reason);
    }
    if (outcome && reason[0])
        output_printf(stderr, "%s: %s\n", b->command, reason);
    return outcome < 0 ? -1 : 0;
}

static bool overlap(const struct ip_prefix *a, const struct ip_prefix *b)
{
    return a->bits >= b->bits ? ip_in(&a->ip, b) : ip_in(&b->ip, a);
}

static bool is_meant(const struct blocks *b, const struct blocks_filter *f, const struct block_entry *e)
{
    struct text cause = text_z(blocks_cause(e));
    return (f->all || e->until > b->now) && e->hits >= f->min_hits && e->times >= f->min_times &&
           (!f->cause || !f->cause[0] || text_find_nocase(cause, text_z(f->cause)) < cause.n) &&
           (!f->address.n || overlap(&e->prefix, &f->within));
}

int blocks_collect(const struct blocks *b, const struct blocks_filter *f, struct block_entry **out, size_t *n)
{
    struct block_entry e;
    uint64_t position = 0;
    size_t room = 0;
    *out = NULL;
    *n = 0;
    while (b->list && blocklist_next(b->list, &position, &e)) {
        if (!is_meant(b, f, &e))
            continue;
        if (*n == room) {
            room = room ? 2 * room : 256;
            struct block_entry *grown = realloc(*out, room * sizeof *grown);
            if (!grown) {
                free(*out);
                output_printf(stderr, "%s: out of memory\n", b->command);
                return -1;
            }
            *out = grown;
        }
        (*out)[(*n)++] = e;
    }
    return 0;
}

static int by_number(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* IPv4 first. */
static int by_address(const void *left, const void *right)
{
    const struct block_entry *a = left, *b = right;
    int order = by_number(a->prefix.ip.v6, b->prefix.ip.v6);
    if (!order)
        order = memcmp(a->prefix.ip.byte, b->prefix.ip.byte, sizeof a->prefix.ip.byte);
    return order ? order : by_number(a->prefix.bits, b->prefix.bits);
}

static int by_until(const void *left, const void *right)
{
    const struct block_entry *a = left, *b = right;
    int order = by_number(a->until, b->until);
    return order ? order : by_address(left, right);
}

static int by_hits(const void *left, const void *right)
{
    const struct block_entry *a = left, *b = right;
    int order = by_number(b->hits, a->hits);
    return order ? order : by_address(left, right);
}

static int by_first(const void *left, const void *right)
{
    const struct block_entry *a = left, *b = right;
    int order = by_number(a->first, b->first);
    return order ? order : by_address(left, right);
}

static int by_last(const void *left, const void *right)
{
    const struct block_entry *a = left, *b = right;
    int order = by_number(b->last, a->last);
    return order ? order : by_address(left, right);
}

/* Compares numbers as numbers: rule 9 comes before rule 12. */
static int by_cause(const void *left, const void *right)
{
    const char *a = blocks_cause(left), *b = blocks_cause(right), *begin = a;
    while (*a && *a == *b) {
        a++;
        b++;
    }
    bool inside = a > begin && is_digit((unsigned char)a[-1]);
    int64_t digits_a = (int64_t)strspn(a, "0123456789"), digits_b = (int64_t)strspn(b, "0123456789");
    int order = inside || (digits_a && digits_b) ? by_number(digits_a, digits_b) : 0;
    if (!order)
        order = by_number((unsigned char)*a, (unsigned char)*b);
    return order ? order : by_address(left, right);
}

void blocks_sort(struct block_entry *entries, size_t n, unsigned order, bool reverse)
{
    static int (*const compare[ORDERS])(const void *, const void *) = {
        [ORDER_UNTIL] = by_until, [ORDER_ADDRESS] = by_address, [ORDER_HITS] = by_hits,
        [ORDER_FIRST] = by_first, [ORDER_LAST] = by_last,       [ORDER_CAUSE] = by_cause,
    };
    if (n < 2)
        return;
    qsort(entries, n, sizeof *entries, compare[order]);
    for (size_t i = 0; reverse && i < n / 2; i++) {
        struct block_entry e = entries[i];
        entries[i] = entries[n - 1 - i];
        entries[n - 1 - i] = e;
    }
}

void blocks_address(const struct ip_prefix *p, struct writer *w)
{
    char text[IP_TEXT_MAX];
    ip_format(&p->ip, text);
    writer_add(w, text_z(text));
    if (p->bits < ip_bits(&p->ip))
        writer_printf(w, "/%u", p->bits);
}

const char *blocks_cause(const struct block_entry *e)
{
    return e->cause[0] ? e->cause : e->kind == BLOCK_RELAY ? "Apparent open relay" : "-";
}
