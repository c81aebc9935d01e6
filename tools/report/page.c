#include "page.h"

#include <stdlib.h>

#include "chart.h"
#include "page_tables.h"
#include "tools/lib/output.h"

enum { DAY = 86400 };

/* Which number of an hour a chart shows. */
enum what { WHAT_CAUSES, WHAT_WOULD, WHAT_LISTED };

/* The causes that a chart tells apart: those with most refusals; the rest is one more. */
struct top {
    unsigned cause[CHART_SERIES - 1];
    size_t count;
    bool others;
};

static struct top top_causes(const struct digest *d)
{
    struct top t = {.count = 0};
    for (unsigned i = 0; i < d->cause_count; i++) {
        size_t at = t.count;
        if (!d->causes[i].refused)
            continue;
        while (at && d->causes[t.cause[at - 1]].refused < d->causes[i].refused)
            at--;
        if (t.count == CHART_SERIES - 1)
            t.others = true;
        if (at == CHART_SERIES - 1)
            continue;
        size_t end = t.count < CHART_SERIES - 1 ? t.count++ : t.count - 1;
        for (; end > at; end--)
            t.cause[end] = t.cause[end - 1];
        t.cause[at] = i;
    }
    return t;
}

/* The shortest step with at most MOST bars between the first and the last hour. */
static int64_t step_for(const struct digest *d, size_t most)
{
    static const unsigned hours[] = {1, 2, 6, 12, 24, 48, 7 * 24, 14 * 24, 28 * 24};
    int64_t span = d->hours[d->hour_count - 1].start - d->hours[0].start;
    for (size_t i = 0; i < sizeof hours / sizeof *hours; i++) {
        int64_t step = (int64_t)hours[i] * 3600;
        if (step >= d->step && span / step < (int64_t)most)
            return step;
    }
    return (span / (int64_t)most / DAY + 1) * DAY;
}

static void add_hour(const struct digest_hour *hour, enum what what, const struct top *t,
                     uint64_t value[CHART_SERIES])
{
    uint64_t all = 0;
    if (what == WHAT_WOULD)
        value[0] += hour->would;
    if (what != WHAT_CAUSES)
        return;
    for (unsigned i = 0; i < DIGEST_CAUSES; i++)
        all += hour->refused[i];
    for (size_t k = 0; k < t->count; k++) {
        value[k] += hour->refused[t->cause[k]];
        all -= hour->refused[t->cause[k]];
    }
    if (t->others)
        value[t->count] += all;
}

/* Draws it in both widths. Returns false when out of memory. */
static bool draw(FILE *f, const struct digest *d, const char *title, enum what what, const struct top *t)
{
    for (unsigned narrow = 0; narrow < 2 && d->hour_count; narrow++) {
        struct chart c = {.title = title, .step = step_for(d, narrow ? CHART_BARS_NARROW : CHART_BARS_WIDE)};
        int64_t on_list = 0;
        c.start = d->hours[0].start - d->hours[0].start % c.step;
        c.bars = (size_t)((d->hours[d->hour_count - 1].start - c.start) / c.step) + 1;
        c.series = what == WHAT_CAUSES ? t->count + t->others : 1;
        c.values = calloc(c.bars, sizeof *c.values);
        if (!c.values)
            return false;
        for (size_t k = 0; k < CHART_SERIES; k++)
            c.names[k] = what == WHAT_WOULD    ? "would have been refused"
                         : what == WHAT_LISTED ? "on the blocklist"
                         : k < t->count        ? d->causes[t->cause[k]].name
                                               : "other causes";
        size_t filled = 0;
        for (size_t i = 0; i < d->hour_count; i++) {
            size_t bar = (size_t)((d->hours[i].start - c.start) / c.step);
            for (; what == WHAT_LISTED && filled < bar; filled++) /* nothing changed meanwhile */
                c.values[filled][0] =
                    c.values[filled][0] ? c.values[filled][0] : (uint64_t)(on_list > 0 ? on_list : 0);
            on_list += d->hours[i].listed;
            if (what == WHAT_LISTED)
                c.values[bar][0] = (uint64_t)(on_list > 0 ? on_list : 0);
            else
                add_hour(&d->hours[i], what, t, c.values[bar]);
            filled = what == WHAT_LISTED ? bar + 1 : 0;
        }
        (what == WHAT_LISTED ? chart_area : chart_bars)(f, &c, narrow ? CHART_NARROW : CHART_WIDE);
        free(c.values);
    }
    return true;
}

static void put_tile(FILE *f, uint64_t number, const char *words)
{
    fputs("<div class=\"tile\"><b>", f);
    chart_number(f, number);
    output_html(f, "</b><span>%s</span></div>\n", words);
}

static void put_head(FILE *f, const struct digest *d, const struct page_clients *clients)
{
    output_html(f,
                "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"generator\" content=\"gatepost %s\">\n<title>Refused mail</title>\n<style>\n",
                GATEPOST_VERSION);
    fputs(page_css, f);
    fputs("</style>\n</head>\n<body>\n<header><h1>Refused mail</h1>\n<p class=\"quiet\">", f);
    if (d->begun) {
        chart_time(f, d->first, DAY);
        fputs(" to ", f);
        chart_time(f, d->last, DAY);
        fputs(", from ", f);
    }
    chart_number(f, d->lines);
    fputs(" lines of logs. Times are those of the server.</p></header>\n<main>\n<div class=\"tiles\">\n", f);
    put_tile(f, d->refused, "refused for good");
    put_tile(f, clients->count + d->clients.merged, "clients refused");
    put_tile(f, d->accepted, "messages taken in");
    put_tile(f, d->listed, "times put on the blocklist");
    put_tile(f, d->envelopes.found_count, "relay patterns");
    put_tile(f, d->would, "would be refused (trial mode)");
    fputs("</div>\n", f);
}

static bool put_causes_over_time(FILE *f, const struct digest *d)
{
    struct top t = top_causes(d);
    fputs("<section id=\"time\"><h2>Refusals by time and cause</h2>\n", f);
    if (!t.count) {
        fputs("<p class=\"quiet\">Nothing was refused for good.</p></section>\n", f);
        return true;
    }
    if (!draw(f, d, "Refusals by time and cause", WHAT_CAUSES, &t))
        return false;
    fputs("<ul class=\"legend\">\n", f);
    for (size_t k = 0; k < t.count + t.others; k++)
        output_html(f,
                    "<li><svg viewBox=\"0 0 1 1\" aria-hidden=\"true\"><rect class=\"s%zu\" width=\"1\" "
                    "height=\"1\"/></svg>%s</li>\n",
                    k, k < t.count ? d->causes[t.cause[k]].name : "other causes");
    fputs("</ul></section>\n", f);
    return true;
}

static bool put_blocklist(FILE *f, const struct digest *d)
{
    fputs("<section id=\"blocklist\"><h2>Clients on the blocklist</h2>\n", f);
    if (!d->listed) {
        fputs("<p class=\"quiet\">No line says that a client was put there.</p></section>\n", f);
        return true;
    }
    fputs("<p class=\"quiet\">From the log lines of gatepost: which clients were put there, and for how "
          "long.</p>\n",
          f);
    bool whole = draw(f, d, "Clients on the blocklist over time", WHAT_LISTED, NULL);
    fputs("</section>\n", f);
    return whole;
}

static bool put_trial(FILE *f, const struct digest *d)
{
    fputs("<section id=\"trial\"><h2>What trial mode would have refused</h2>\n", f);
    if (!d->would) {
        fputs("<p class=\"quiet\">No line of <code>mode = log</code>.</p></section>\n", f);
        return true;
    }
    bool whole = draw(f, d, "What trial mode would have refused, by time", WHAT_WOULD, NULL);
    page_tables_trial(f, d);
    fputs("</section>\n", f);
    return whole;
}

static void put_foot(FILE *f, const struct digest *d)
{
    fputs("</main>\n<footer><p>", f);
    chart_number(f, d->temporary);
    fputs(" temporary refusals are not in these numbers. For ", f);
    chart_number(f, d->unclear);
    fputs(" refusals the log does not name the client for certain.", f);
    if (d->clients.merged) {
        fputs(" More than ", f);
        chart_number(f, d->clients.most);
        fputs(" different clients came: the ", f);
        chart_number(f, d->clients.merged);
        fputs(" rarest, with ", f);
        chart_number(f, d->clients.merged_refused);
        fputs(" refusals, are merged into one.", f);
    }
    if (d->lost_recipients || d->envelopes.lost_early || d->envelopes.lost_patterns)
        fputs(" Some recipients and patterns were left out for lack of memory.", f);
    if (d->step == DAY)
        fputs(" The logs span more than two years, so days are counted instead of hours.", f);
    output_html(f, "</p><p>gatepost %s</p></footer>\n<script>", GATEPOST_VERSION);
    fputs(page_sortable, f);
    fputs("</script>\n</body>\n</html>\n", f);
}

bool page_write(FILE *f, const struct digest *d, const struct block *rules)
{
    struct page_clients clients;
    if (!page_tables_clients_collect(&clients, d))
        return false;
    put_head(f, d, &clients);
    bool whole = put_causes_over_time(f, d);
    page_tables_causes(f, d, rules);
    whole = whole && put_trial(f, d);
    page_tables_suspects(f, d, &clients);
    page_tables_clients(f, d, &clients);
    whole = whole && put_blocklist(f, d);
    page_tables_relays(f, d);
    whole = whole && page_tables_recipients(f, d, rules);
    page_tables_networks(f, &clients);
    put_foot(f, d);
    page_tables_clients_fini(&clients);
    return whole;
}
