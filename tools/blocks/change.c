/*
 * What changes the blocklist: add, remove, clear, resize, and what import shares with add.
 */
#include "blocks.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/commands.h"
#include "core/base/scan.h"
#include "core/config/line.h"
#include "core/config/rule_line.h"
#include "tools/lib/output.h"

static int cannot(const struct blocks *b, const char *reason)
{
    output_printf(stderr, "%s: %s\n", b->command, reason);
    return STATUS_CANNOT;
}

/* A million entries of one run must not fail because an MTA held the lock. */
enum { TRIES = 50 };

/* Whether to try again; a list that was replaced is opened again. */
static bool try_again(struct blocks *b, unsigned *tries)
{
    if (++*tries > TRIES)
        return false;
    if (!blocklist_replaced(b->list))
        return true;
    blocklist_close(&b->list);
    return blocks_open(b, BLOCKS_MAKE) == 0;
}

int blocks_put(struct blocks *b, const struct ip *client, uint32_t seconds, enum block_kind kind,
               struct text cause, struct block_outcome *out)
{
    const struct settings *s = b->context.settings;
    char reason[400] = "";
    unsigned tries = 0;
    if (kind == BLOCK_RELAY && !seconds)
        seconds = s->relay_block;
    struct block_request request = {.client = client,
                                    .now = b->now,
                                    .memory = s->block_memory,
                                    .fixed_seconds = seconds,
                                    .kind = kind,
                                    .cause = cause};
    memcpy(request.steps, s->block_time, sizeof request.steps);
    while (blocklist_add(b->list, &request, out, reason, sizeof reason) != 0)
        if (!try_again(b, &tries)) {
            cannot(b, reason);
            return -1;
        }
    return 0;
}

bool blocks_client(const struct blocks *b, struct text t, struct ip *out, const char **why)
{
    struct ip_prefix prefix;
    if (!ip_prefix_parse(t, false, &prefix)) {
        *why = "is not an address";
        return false;
    }
    *out = prefix.ip;
    *why = "is not as long as the prefixes on the list (block-prefix); put ranges into the block "
           "table";
    return prefix.bits == ip_bits(&prefix.ip) || prefix.bits == b->context.settings->block_prefix[prefix.ip.v6];
}

enum block_kind blocks_kind(const struct blocks *b, struct text cause)
{
    unsigned code;
    struct text enhanced, words;
    reply_split(block_text(b->context.rules, b->context.settings->relay_reply), &code, &enhanced, &words);
    return cause.n && text_eq_nocase(cause, words) ? BLOCK_RELAY : BLOCK_RULE;
}

int blocks_spared(struct blocks *b, const struct ip *client, const char **why)
{
    const struct block *rules = b->context.rules;
    const struct table_note *note = block_table(rules, TABLE_EXEMPT);
    struct text path = note ? block_text(rules, note->path) : TEXT(""), value;
    char reason[300];
    struct file_id id;
    if (block_own_network(rules, client)) {
        *why = "is of own-networks";
        return 1;
    }
    if (path.n == 0 || (note->optional && os_file_id(path.p, &id) != 0))
        return 0;
    if (!b->exempt && table_open(path.p, &b->exempt, reason, sizeof reason) != 0) {
        output_printf(stderr, "%s: %s: %s\n", b->command, path.p, reason);
        return -1;
    }
    int found = table_client(b->exempt, client, TEXT(""), &value, NULL);
    if (found < 0)
        output_printf(stderr, "%s: %s: damaged; make it again from its text\n", b->command, path.p);
    *why = "is exempt";
    return found <= 0 ? found
                      : text_find_nocase(value, TEXT("all")) < value.n ||
                            text_find_nocase(value, TEXT("blocklist")) < value.n;
}

int blocks_add(struct blocks *b, const struct blocks_options *o, char **words)
{
    struct ip client;
    uint32_t seconds = 0;
    const char *why = NULL;
    struct text cause = o->cause ? text_z(o->cause) : TEXT("by hand");
    struct block_outcome outcome;
    if (!blocks_client(b, text_z(words[0]), &client, &why)) {
        output_printf(stderr, "%s: %s %s\n", b->command, words[0], why);
        return STATUS_USAGE;
    }
    if (words[1] && !scan_duration(text_z(words[1]), &seconds)) {
        output_printf(stderr, "%s: '%s' is not a time; write it like 30m, 6h or 30d\n", b->command, words[1]);
        return STATUS_USAGE;
    }
    if (cause.n > BLOCK_CAUSE_MAX || !output_is_safe(cause)) {
        output_printf(stderr, "%s: a cause has at most %d bytes and no control characters\n", b->command,
                      BLOCK_CAUSE_MAX);
        return STATUS_USAGE;
    }
    int spared = blocks_spared(b, &client, &why);
    if (spared) {
        if (spared > 0)
            output_printf(stderr, "%s: %s %s and is never put on the list\n", b->command, words[0], why);
        return spared > 0 ? STATUS_NO : STATUS_CANNOT;
    }
    if (!seconds)
        state_context_say_defaults(&b->context, b->command, "block-time is 30m 6h 24h");
    if (blocks_open(b, BLOCKS_MAKE) != 0 ||
        blocks_put(b, &client, seconds, blocks_kind(b, cause), cause, &outcome) != 0)
        return STATUS_CANNOT;
    char memory[100];
    struct writer w = writer_on(memory, sizeof memory);
    blocks_address(&outcome.entry.prefix, &w);
    writer_add(&w, outcome.event == BLOCK_KEPT ? TEXT(" stays for ") : TEXT(" is on the list for "));
    writer_duration(&w, (uint64_t)(outcome.entry.until - b->now));
    if (outcome.event != BLOCK_KEPT && outcome.entry.times)
        writer_printf(&w, ", step %u", outcome.entry.times);
    output_printf(stdout, "%s\n", memory);
    if (outcome.event == BLOCK_KEPT)
        output_printf(stderr,
                      "%s: the client was already listed for as long; to shorten its time, remove it first\n",
                      b->command);
    return STATUS_YES;
}

/* Removes all entries that overlap with the prefix. Returns how many, or -1. */
static int remove_prefix(struct blocks *b, const char *written, const struct ip_prefix *prefix)
{
    struct blocks_filter filter = {.address = text_z(written), .within = *prefix, .all = true};
    struct block_entry *entries;
    size_t n;
    char reason[400] = "";
    unsigned tries = 0;
    if (blocks_collect(b, &filter, &entries, &n) != 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        while (blocklist_remove(b->list, &entries[i].prefix.ip, reason, sizeof reason) < 0)
            if (!try_again(b, &tries)) {
                cannot(b, reason);
                free(entries);
                return -1;
            }
    free(entries);
    return (int)(n < INT32_MAX ? n : INT32_MAX);
}

int blocks_remove(struct blocks *b, const struct blocks_options *o, char **words)
{
    int status = STATUS_YES;
    struct ip_prefix prefix;
    (void)o;
    for (size_t i = 0; words[i]; i++)
        if (!ip_prefix_parse(text_z(words[i]), true, &prefix)) {
            output_printf(stderr, "%s: '%s' is neither an address nor a prefix like 192.0.2.0/24\n", b->command,
                          words[i]);
            return STATUS_USAGE;
        }
    if (blocks_open(b, BLOCKS_CHANGE) != 0)
        return STATUS_CANNOT;
    for (size_t i = 0; words[i]; i++) {
        ip_prefix_parse(text_z(words[i]), true, &prefix);
        int n = remove_prefix(b, words[i], &prefix);
        if (n < 0)
            return STATUS_CANNOT;
        if (n > 1)
            output_printf(stdout, "%s: %d entries taken off the list\n", words[i], n);
        else if (n == 1)
            output_printf(stdout, "%s is taken off the list\n", words[i]);
        else {
            output_printf(stderr, "%s: %s is not on the list\n", b->command, words[i]);
            status = STATUS_NO;
        }
    }
    return status;
}

int blocks_clear(struct blocks *b, const struct blocks_options *o, char **words)
{
    size_t listed = 0, ended = 0;
    uint64_t position = 0;
    struct block_entry e;
    char reason[400] = "";
    unsigned tries = 0;
    (void)o, (void)words;
    if (blocks_open(b, BLOCKS_CHANGE) != 0)
        return STATUS_CANNOT;
    while (b->list && blocklist_next(b->list, &position, &e)) {
        listed += e.until > b->now;
        ended += e.until <= b->now;
    }
    while (b->list && blocklist_clear(b->list, reason, sizeof reason) != 0)
        if (!try_again(b, &tries))
            return cannot(b, reason);
    output_printf(stdout, "%zu client%s taken off the list; %zu more, whose time had ended, forgotten\n",
                  listed, listed == 1 ? "" : "s", ended);
    return STATUS_YES;
}

int blocks_resize(struct blocks *b, const struct blocks_options *o, char **words)
{
    struct blocks_filter all = {.all = true};
    struct block_entry *entries;
    size_t before, after;
    struct block_counts counts;
    char reason[400] = "";
    uint64_t n;
    unsigned tries = 0;
    (void)o;
    if (!text_number(text_z(words[0]), 100000000, &n) || n < 64) {
        output_printf(stderr, "%s: expected a number from 64 to 100000000, not '%s'\n", b->command, words[0]);
        return STATUS_USAGE;
    }
    state_context_say_defaults(&b->context, b->command, "block-memory is 30d");
    if (blocks_open(b, BLOCKS_MAKE) != 0 || blocks_collect(b, &all, &entries, &before) != 0)
        return STATUS_CANNOT;
    free(entries);
    while (blocklist_resize(b->list, (uint32_t)n, b->now, b->context.settings->block_memory, reason,
                            sizeof reason) != 0)
        if (!try_again(b, &tries))
            return cannot(b, reason);
    if (blocks_collect(b, &all, &entries, &after) != 0)
        return STATUS_CANNOT;
    free(entries);
    blocklist_counts(b->list, b->now, &counts);
    printf("room for %llu entries: %zu kept, %zu dropped; %llu of those kept are listed now\n",
           (unsigned long long)n, after, before > after ? before - after : 0,
           (unsigned long long)counts.current);
    return STATUS_YES;
}
