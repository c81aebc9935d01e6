/*
 * `gatepost blocks list`: one line per entry, for people; or one JSON object per line.
 */
#include "blocks.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/lib/calendar.h"
#include "tools/commands.h"
#include "tools/lib/json.h"
#include "tools/lib/output.h"

/* The two largest units: "42s", "29m05s", "5h59m", "6d23h". */
static void write_left(struct writer *w, int64_t seconds)
{
    if (seconds < 60)
        writer_printf(w, "%llds", (long long)seconds);
    else if (seconds < 3600)
        writer_printf(w, "%lldm%02llds", (long long)(seconds / 60), (long long)(seconds % 60));
    else if (seconds < 86400)
        writer_printf(w, "%lldh%02lldm", (long long)(seconds / 3600), (long long)(seconds / 60 % 60));
    else
        writer_printf(w, "%lldd%02lldh", (long long)(seconds / 86400), (long long)(seconds / 3600 % 24));
}

/* One entry, every part of it a text. */
struct row {
    char address[IP_TEXT_MAX + 8];
    char left[32];
    char step[16];
    char hits[16];
    char first[32], last[32], until[32];
};

static void write_time(char *out, size_t cap, int64_t seconds)
{
    struct writer w = writer_on(out, cap);
    calendar_format_utc(&w, seconds);
}

static void make_row(const struct block_entry *e, int64_t now, struct row *r)
{
    struct writer address = writer_on(r->address, sizeof r->address), left = writer_on(r->left, sizeof r->left);
    blocks_address(&e->prefix, &address);
    if (e->until > now)
        write_left(&left, e->until - now);
    else
        writer_char(&left, '-');
    snprintf(r->step, sizeof r->step, e->times ? "%u" : "-", e->times);
    snprintf(r->hits, sizeof r->hits, "%u", (unsigned)e->hits);
    write_time(r->first, sizeof r->first, e->first);
    write_time(r->last, sizeof r->last, e->last);
    write_time(r->until, sizeof r->until, e->until);
}

static void print_json(const struct block_entry *e, int64_t now)
{
    struct row r;
    struct json j = json_on(stdout);
    make_row(e, now, &r);
    json_object(&j, NULL);
    json_text(&j, "address", text_z(r.address));
    json_number(&j, "left", e->until > now ? (uint64_t)(e->until - now) : 0);
    json_text(&j, "until", text_z(r.until));
    json_number(&j, "step", e->times);
    json_text(&j, "kind", e->kind == BLOCK_RELAY ? TEXT("relay") : TEXT("rule"));
    json_text(&j, "cause", text_z(e->cause));
    json_number(&j, "hits", e->hits);
    json_text(&j, "first", text_z(r.first));
    json_text(&j, "last", text_z(r.last));
    json_end(&j);
}

static void print_table(const struct block_entry *entries, size_t n, int64_t now)
{
    struct row r;
    int wide = 15;
    for (size_t i = 0; i < n; i++) {
        make_row(&entries[i], now, &r);
        int length = (int)strlen(r.address);
        wide = length > wide ? length : wide;
    }
    output_printf(stdout, "%-*s  %6s  %4s  %6s  %-20s  %-20s  %s\n", wide, "ADDRESS", "LEFT", "STEP", "HITS",
                  "FIRST", "LAST", "CAUSE");
    for (size_t i = 0; i < n; i++) {
        make_row(&entries[i], now, &r);
        output_printf(stdout, "%-*s  %6s  %4s  %6s  %-20s  %-20s  %s\n", wide, r.address, r.left, r.step,
                      r.hits, r.first, r.last, blocks_cause(&entries[i]));
    }
}

/* After a change of block-prefix some entries are on the list but match no client. */
static void say_other_lengths(const struct blocks *b, const struct block_entry *entries, size_t n)
{
    const uint32_t *bits = b->context.settings->block_prefix;
    size_t others = 0;
    for (size_t i = 0; i < n; i++)
        others += entries[i].until > b->now && entries[i].prefix.bits != bits[entries[i].prefix.ip.v6];
    if (others && !b->context.why[0])
        output_printf(stderr, "%s: %zu of these refuse no client, because block-prefix is now %u %u\n",
                      b->command, others, bits[0], bits[1]);
}

int blocks_list(struct blocks *b, const struct blocks_options *o)
{
    struct block_entry *entries;
    size_t n;
    if (blocks_collect(b, &o->filter, &entries, &n) != 0)
        return STATUS_CANNOT;
    blocks_sort(entries, n, o->order, o->reverse);
    if (o->json)
        for (size_t i = 0; i < n; i++)
            print_json(&entries[i], b->now);
    else
        print_table(entries, n, b->now);
    say_other_lengths(b, entries, n);
    free(entries);
    return STATUS_YES;
}
