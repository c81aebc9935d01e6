/*
 * `gatepost blocks import`: lines "ADDRESS [TIME] [CAUSE...]", or those of a block table. The whole file is
 * read before the first client is put on the list.
 */
#include "blocks.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/commands.h"
#include "core/base/scan.h"
#include "core/config/line.h"
#include "core/config/reply.h"
#include "core/config/rule_line.h"
#include "tools/lib/lines.h"
#include "tools/lib/problem.h"
#include "tools/lib/progress.h"
#include "tools/lib/output.h"

enum { PROBLEMS_SHOWN = 100 };

struct wanted {
    struct ip client;
    uint32_t seconds;
    enum block_kind kind;
    char cause[BLOCK_CAUSE_MAX + 1];
};

struct importer {
    struct blocks *b;
    const char *path; /* as messages show it */
    struct report report;
    struct wanted *items;
    size_t n, room, spared;
    struct text line;
    unsigned number;
};

/* After a hundred problems it is clear that this is the wrong file. */
static void show_problem(void *context, const struct error *e, bool warning, struct text source)
{
    const struct report *r = context;
    if (r->errors <= PROBLEMS_SHOWN)
        problem_show(e, warning, source);
}

/* WHERE is a slice of the line. */
static void wrong(struct importer *im, struct text where, const char *what)
{
    struct error e;
    error_set(&e, im->path, im->number, (unsigned)(where.p - im->line.p) + 1, "'%.*s' %s",
              (int)(where.n < 60 ? where.n : 60), where.p, what);
    error_report(&im->report, &e, false, im->line);
}

/* The beginning of the cause, cut between characters. */
static void keep_cause(struct wanted *w, struct text cause)
{
    size_t n = cause.n < BLOCK_CAUSE_MAX ? cause.n : BLOCK_CAUSE_MAX;
    while (n > 0 && n < cause.n && ((unsigned char)cause.p[n] & 0xC0) == 0x80)
        n--;
    memcpy(w->cause, cause.p, n);
    w->cause[n] = '\0';
}

/* Reads what follows the address. Returns false if it is wrong, which was reported. */
static bool read_rest(struct importer *im, struct text rest, struct wanted *w)
{
    if (!output_is_safe(rest)) {
        wrong(im, rest, "has control characters, or others that are not seen");
        return false;
    }
    if (reply_has_code(rest)) {
        unsigned code;
        struct text enhanced, words;
        reply_split(rest, &code, &enhanced, &words);
        w->kind = blocks_kind(im->b, words);
        keep_cause(w, w->kind == BLOCK_RELAY ? words : TEXT("imported"));
        return true;
    }
    struct text all = rest, word = scan_word(&rest);
    if (scan_duration(word, &w->seconds)) {
        all = text_trim(rest);
    } else if (word.n && is_digit((unsigned char)word.p[0])) {
        wrong(im, word, "is not a time; write it like 30m, 6h or 30d");
        return false;
    }
    w->kind = blocks_kind(im->b, all);
    keep_cause(w, all.n ? all : TEXT("imported"));
    return true;
}

/* Returns whether there is memory, and the exemption table can be used. */
static bool keep(struct importer *im, const struct wanted *w)
{
    const char *why;
    int spared = blocks_spared(im->b, &w->client, &why);
    if (spared) {
        im->spared += spared > 0;
        return spared > 0;
    }
    if (im->n == im->room) {
        im->room = im->room ? 2 * im->room : 256;
        struct wanted *grown = realloc(im->items, im->room * sizeof *grown);
        if (!grown) {
            output_printf(stderr, "%s: out of memory\n", im->b->command);
            return false;
        }
        im->items = grown;
    }
    im->items[im->n++] = *w;
    return true;
}

static bool read_line(struct importer *im)
{
    struct wanted w = {.kind = BLOCK_RULE};
    const char *why = NULL;
    struct text rest = text_trim(im->line);
    if (rest.n == 0 || rest.p[0] == '#')
        return true;
    struct text address = scan_word(&rest);
    if (!blocks_client(im->b, address, &w.client, &why))
        wrong(im, address, why);
    else if (read_rest(im, text_trim(rest), &w))
        return keep(im, &w);
    return true;
}

/* Returns the exit status. */
static int read_all(struct importer *im, const char *path)
{
    struct lines lines;
    char why[160];
    int error = lines_open(&lines, path);
    bool fine = !error;
    while (fine && lines_next(&lines, &im->line, &error) > 0) {
        im->number = lines.number;
        fine = read_line(im);
    }
    if (error) {
        output_printf(stderr, "%s: %s: %s\n", im->b->command, im->path,
                      lines_reason(&lines, error, why, sizeof why));
        fine = false;
    }
    lines_close(&lines);
    if (im->report.errors > PROBLEMS_SHOWN)
        output_printf(stderr, "%s: and %u more problems\n", im->path, im->report.errors - PROBLEMS_SHOWN);
    if (im->report.errors)
        output_printf(stderr, "%s: nothing was changed\n", im->b->command);
    return !fine ? STATUS_CANNOT : im->report.errors ? STATUS_NO : STATUS_YES;
}

static int put_all(struct importer *im)
{
    struct progress progress = progress_start("putting them on the list");
    struct block_outcome outcome;
    struct block_counts before = {0}, after = {0};
    size_t kept = 0;
    if (im->b->list)
        blocklist_counts(im->b->list, im->b->now, &before);
    for (size_t i = 0; i < im->n; i++) {
        const struct wanted *w = &im->items[i];
        if (blocks_put(im->b, &w->client, w->seconds, w->kind, text_z(w->cause), &outcome) != 0) {
            progress_done(&progress);
            output_printf(stderr, "%s: %zu of %zu are on the list\n", im->b->command, i, im->n);
            return STATUS_CANNOT;
        }
        kept += outcome.event == BLOCK_KEPT;
        if (i % 1024 == 0)
            progress_show(&progress, i, im->n);
    }
    progress_done(&progress);
    printf("%zu put on the list; %zu were already listed for as long\n", im->n - kept, kept);
    if (im->b->list)
        blocklist_counts(im->b->list, im->b->now, &after);
    if (after.evicted > before.evicted)
        output_printf(
            stderr,
            "%s: the list is full: %llu entries were dropped to make room; see 'gatepost blocks resize'\n",
            im->b->command, (unsigned long long)(after.evicted - before.evicted));
    if (im->spared)
        output_printf(stderr, "%s: left out %zu: of own-networks, or exempt\n", im->b->command, im->spared);
    return STATUS_YES;
}

int blocks_import(struct blocks *b, const char *path)
{
    struct importer im = {.b = b,
                          .path = text_eq(text_z(path), TEXT("-")) ? "standard input" : path,
                          .report = {.problem = show_problem}};
    im.report.context = &im.report;
    int status = read_all(&im, path);
    if (status == STATUS_YES && im.n) {
        state_context_say_defaults(&b->context, b->command, "block-time is 30m 6h 24h, relay-block 7d");
        if (blocks_open(b, BLOCKS_MAKE) != 0)
            status = STATUS_CANNOT;
    }
    if (status == STATUS_YES)
        status = put_all(&im);
    free(im.items);
    return status;
}
